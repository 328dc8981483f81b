"""How far a payment counts as fraud: known, presumed, corrected by lot."""

from typing import Any

import numpy as np
import pytest

from domain.cost import Costs
from scoring.dial.chances import Known, chances_of
from scoring.weights import WEIGHT_MAX


def chance(p: float = 0.2, **given: Any) -> float:
    defaults = {"label": -1, "captured": False, "silent_share": 0.0, "propensity": np.nan}
    defaults |= {"passed_challenge": False, "failed_challenge": False}
    row = defaults | given
    columns = {name: np.array([value]) for name, value in row.items()}
    return float(chances_of(Known(probabilities=np.array([p]), **columns))[0])


@pytest.mark.parametrize(("label", "known"), [(1, 1.0), (0, 0.0)])
def test_what_is_known_stands_above_the_model(label: int, known: float) -> None:
    for p in (0.0, 0.2, 1.0):
        assert chance(p, label=label, captured=True, silent_share=0.5, failed_challenge=True) == known


def test_a_stopped_payment_counts_by_the_models_probability() -> None:
    assert chance(0.2, silent_share=0.9) == pytest.approx(0.2)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.2), (0.5, 0.1 / 0.9), (1.0, 0.0)])
def test_silence_after_a_capture_speaks_for_the_rider(share: float, expected: float) -> None:
    assert chance(0.2, captured=True, silent_share=share) == pytest.approx(expected)


def test_even_a_certain_fraud_is_none_after_the_whole_silence() -> None:
    assert chance(1.0, captured=True, silent_share=1.0) == 0.0


def test_a_challenge_speaks_as_costs_expect_of_thieves_and_riders() -> None:
    costs = Costs()
    passed = 0.2 * costs.challenge_fraud_passes
    failed = 0.2 * (1 - costs.challenge_fraud_passes)
    honest_passed, honest_failed = (
        0.8 * (1 - costs.challenge_honest_leaves),
        0.8 * costs.challenge_honest_leaves,
    )
    assert chance(0.2, passed_challenge=True) == pytest.approx(passed / (passed + honest_passed))
    assert chance(0.2, failed_challenge=True) == pytest.approx(failed / (failed + honest_failed))


def test_one_that_was_let_through_by_lot_stands_for_those_that_were_not() -> None:
    assert chance(0.6, label=1, propensity=0.1) == pytest.approx(0.6 + 10 * 0.4)
    assert chance(0.6, label=0, propensity=0.1) == pytest.approx(0.6 - 10 * 0.6)
    assert chance(0.6, label=1, propensity=0.005) == pytest.approx(0.6 + WEIGHT_MAX * 0.4)


def test_the_lottery_finds_the_truth_where_the_model_is_wrong() -> None:
    """The model says 0.6 of payments of which 0.2 are frauds."""
    random = np.random.default_rng(5)
    rows, propensity = 200_000, 0.1
    fraud, drawn = random.random(rows) < 0.2, random.random(rows) < propensity
    known = Known(
        probabilities=np.full(rows, 0.6),
        label=np.where(drawn, fraud, -1),
        captured=drawn,
        silent_share=np.ones(rows),
        passed_challenge=np.zeros(rows, bool),
        failed_challenge=np.zeros(rows, bool),
        propensity=np.where(drawn, propensity, np.nan),
    )
    assert chances_of(known).mean() == pytest.approx(0.2, abs=0.02)

"""The comparison of two models: seldom wrong, however often one looks, and quick where there is something."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.cost import Costs
from domain.decision import Verdict
from scoring.registry.sequential import ALPHA, UNIT_MINOR, Comparison, Finding, costs_minor

RUNS, PAYMENTS = 300, 2_000
Draw = Callable[[np.random.Generator], NDArray[np.float64]]


def _seldom_differ(random: np.random.Generator) -> NDArray[np.float64]:
    """Most payments get the same verdict; where they differ, either model may be right."""
    return random.choice([-4_500.0, 0.0, 4_500.0], PAYMENTS, p=[0.03, 0.94, 0.03])


def _small_gains_and_rare_losses(random: np.random.Generator) -> NDArray[np.float64]:
    return random.choice([100.0, -9_900.0], PAYMENTS, p=[0.99, 0.01])


def _rare_gains_and_small_losses(random: np.random.Generator) -> NDArray[np.float64]:
    return -_small_gains_and_rare_losses(random)


@pytest.mark.parametrize("draw", [_seldom_differ, _small_gains_and_rare_losses, _rare_gains_and_small_losses])
def test_equal_models_are_seldom_told_apart_though_one_looks_after_every_payment(draw: Draw) -> None:
    random = np.random.default_rng(6)
    found = [Comparison().add(draw(random)) for _ in range(RUNS)]
    assert sum(finding != "undecided" for finding in found) / RUNS <= ALPHA


@pytest.mark.parametrize(("sign", "finding"), [(1, "better"), (-1, "worse")])
def test_a_model_that_catches_one_more_fraud_in_a_hundred_is_told(sign: int, finding: Finding) -> None:
    random = np.random.default_rng(7)
    runs = [sign * random.choice([0.0, 6_000.0, -1_200.0], 1_500, p=[0.98, 0.015, 0.005]) for _ in range(100)]
    told = [Comparison().add(run) for run in runs]
    assert told.count(finding) >= 95
    assert set(told) <= {finding, "undecided"}


def test_a_finding_stands_whatever_comes_later() -> None:
    comparison = Comparison()
    assert comparison.add([5_000.0] * 200) == "better"
    told = comparison.evidence
    assert told >= 2 / ALPHA
    assert comparison.add([-5_000.0] * 2_000) == "better"
    assert comparison.evidence == told
    assert comparison.mean_minor < 0


def test_payments_may_be_told_one_by_one_or_together() -> None:
    saved = np.random.default_rng(8).normal(0, 3_000, 300)
    together, one_by_one = Comparison(), Comparison()
    together.add(saved)
    for each in saved:
        one_by_one.add(each)
    together.add([])
    assert one_by_one.evidence == pytest.approx(together.evidence)
    assert (one_by_one.pairs, one_by_one.finding) == (together.pairs, together.finding)


def test_one_dear_payment_decides_nothing() -> None:
    comparison = Comparison()
    assert comparison.add([1e9]) == "undecided"
    assert comparison.mean_minor == UNIT_MINOR


def test_what_it_found_is_told_in_a_sentence() -> None:
    comparison = Comparison()
    assert "on 0 matured payments" in comparison.sentence()
    comparison.add([-5_000.0] * 200)
    assert comparison.sentence().startswith("worse: on 200 matured payments it loses $50.00 a payment")


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        Comparison().add([1.0, float("nan")])
    with pytest.raises(ValueError, match="alpha"):
        Comparison(alpha=1.0)
    with pytest.raises(ValueError, match="unit"):
        Comparison(unit_minor=0)


def test_a_stopped_fraud_saves_its_loss_and_fee() -> None:
    costs = Costs()
    approved = costs_minor([Verdict.APPROVE], [1], [4_000], costs)
    declined = costs_minor([Verdict.DECLINE], [1], [4_000], costs)
    assert (approved - declined).tolist() == [4_000 + costs.chargeback_fee_minor]
    assert costs_minor(["decline", "approve"], [0, 0], [4_000, 4_000]).tolist() == [2_000.0, 0.0]

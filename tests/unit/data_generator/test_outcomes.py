"""Chargebacks: a lognormal delay within limits, which the time scale alone divides."""

import math
from random import Random

import numpy as np
import pytest
from scipy.stats import kstest, lognorm
from stage import play, world

from data_generator.acts import Publish, Report
from data_generator.fraud.stolen_card_burst import stolen_card_burst
from data_generator.outcomes import (
    CHARGEBACK_DAYS,
    CHARGEBACK_MEDIAN_DAYS,
    CHARGEBACK_SIGMA,
    DAY_MS,
    MATURITY_DAYS,
    chargeback_delay_ms,
    maturity_ms,
)
from domain.decision import Outcome

COMPRESSED = 5_000.0


def _delays(time_scale: float) -> np.ndarray:
    rng = Random(1)
    return np.array([chargeback_delay_ms(rng, time_scale) for _ in range(5_000)]) / DAY_MS


def test_delays_follow_the_declared_distribution() -> None:
    delays = _delays(1.0)
    shortest, longest = CHARGEBACK_DAYS
    inside = delays[(delays > shortest) & (delays < longest)]
    declared = lognorm(CHARGEBACK_SIGMA, scale=CHARGEBACK_MEDIAN_DAYS)
    low, high = declared.cdf(shortest), declared.cdf(longest)
    assert len(inside) > 0.98 * len(delays)
    assert kstest(inside, lambda days: (declared.cdf(days) - low) / (high - low)).pvalue > 0.01


def test_delays_stay_within_limits() -> None:
    delays = _delays(1.0)
    assert delays.min() >= CHARGEBACK_DAYS[0]
    assert delays.max() <= CHARGEBACK_DAYS[1]


def test_the_time_scale_divides_delay_and_maturity() -> None:
    assert _delays(1.0) == pytest.approx(_delays(1_000.0) * 1_000, rel=1e-3)
    assert maturity_ms(1.0) == MATURITY_DAYS * DAY_MS
    assert maturity_ms(90.0) == DAY_MS


def test_no_chargeback_comes_after_maturity() -> None:
    assert _delays(1.0).max() * DAY_MS <= maturity_ms(1.0)


def _times(time_scale: float, *, disputes: bool) -> list[tuple[str, int]]:
    told = play(world(time_scale=time_scale), lambda w, r, _rider, at: stolen_card_burst(w, r, at), number=4)
    return sorted(
        (
            str(act.outcome if isinstance(act, Report) else type(getattr(act, "event", act)).__name__),
            act.at_ms,
        )
        for act in told.acts
        if isinstance(act, Report | Publish)
        and (isinstance(act, Report) and act.outcome is Outcome.CHARGEBACK) is disputes
    )


def test_the_time_scale_moves_nothing_but_chargebacks() -> None:
    assert _times(1.0, disputes=False) == _times(COMPRESSED, disputes=False)
    slow, fast = _times(1.0, disputes=True), _times(COMPRESSED, disputes=True)
    assert len(slow) == len(fast) > 0
    assert max(at for _, at in fast) < min(at for _, at in slow)
    assert not math.isclose(slow[0][1], fast[0][1])

import numpy as np
import pytest

from scoring.calibration import apply, calibrate, reliability
from scoring.scorer import Calibration


def outcomes(margins: np.ndarray, *, seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(margins)) < 1 / (1 + np.exp(-margins))).astype(np.int8)


def test_reliable_probabilities_are_left_as_they_are() -> None:
    margins = np.random.default_rng(2).normal(-3, 2, 20_000)
    assert calibrate(outcomes(margins), margins) == Calibration()


def test_timid_probabilities_are_stretched_back() -> None:
    true = np.random.default_rng(3).normal(-3, 2, 20_000)
    labels = outcomes(true)
    timid = (true / 2 - 1).astype(np.float32)
    found = calibrate(labels, timid)
    assert found.kind == "platt"
    assert found.slope == pytest.approx(2, rel=0.1)
    before, after = (reliability(labels, apply(c, timid)) for c in (Calibration(), found))
    assert after["calibration_error"] < before["calibration_error"] / 3
    assert after["expected_over_observed_fraud"] == pytest.approx(1, abs=0.05)


def test_the_order_of_scores_never_turns() -> None:
    true = np.random.default_rng(4).normal(-3, 2, 5_000)
    assert calibrate(outcomes(true), -true) == Calibration()


def test_a_model_that_separates_stays_finite() -> None:
    margins = np.concatenate([np.full(500, -4.0), np.full(20, 4.0)])
    found = calibrate((margins > 0).astype(np.int8), margins)
    assert 0 < found.slope < 10
    assert np.isfinite(found.intercept)


def test_a_weight_counts_as_payments_in_calibration_and_its_error() -> None:
    true = np.random.default_rng(6).normal(-3, 2, 6_000)
    labels, timid = outcomes(true, seed=6), true / 2 - 1
    weights = np.where(labels == 1, 3, 1)
    heavy, repeated = (
        calibrate(labels, timid, weights),
        calibrate(np.repeat(labels, weights), np.repeat(timid, weights)),
    )
    assert (heavy.slope, heavy.intercept) == pytest.approx((repeated.slope, repeated.intercept), rel=1e-3)
    told = reliability(labels, apply(heavy, timid), weights)
    assert told["expected_over_observed_fraud"] == pytest.approx(1, abs=0.05)
    assert told["calibration_error"] < reliability(labels, apply(heavy, timid))["calibration_error"]

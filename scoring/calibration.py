"""Probabilities that mean what they say, by a map that never changes the order of scores."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.metrics import Labels
from scoring.scorer import Calibration

Floats = NDArray[np.floating[Any]]
NEEDED_GAIN = 5.0  # nats of likelihood that two more parameters must bring on the validation part
BINS = 10


def calibrate(labels: Labels, margins: Floats) -> Calibration:
    """The identity, unless a Platt map fits clearly better; both are strictly increasing."""
    slope, intercept = _fit_platt(labels, margins)
    gain = _log_likelihood(labels, slope * margins + intercept) - _log_likelihood(labels, margins)
    if slope <= 0 or not np.isfinite(gain) or gain < NEEDED_GAIN:
        return Calibration()
    return Calibration(kind="platt", slope=slope, intercept=intercept)


def apply(calibration: Calibration, margins: Floats) -> NDArray[np.float64]:
    """Probabilities of raw margins, as the scorer gives them."""
    calibrated = calibration.slope * margins.astype(np.float64) + calibration.intercept
    return np.asarray(1 / (1 + np.exp(-calibrated)))


def reliability(labels: Labels, probabilities: Floats) -> dict[str, float]:
    """Expected calibration error over bins of equal size, and frauds expected for each one seen."""
    bins = np.array_split(np.argsort(probabilities, kind="stable"), BINS)
    gaps = [len(rows) * abs(probabilities[rows].mean() - labels[rows].mean()) for rows in bins if len(rows)]
    return {
        "calibration_error": float(sum(gaps) / len(labels)),
        "expected_over_observed_fraud": float(probabilities.sum() / labels.sum()),
    }


def _fit_platt(labels: Labels, margins: Floats) -> tuple[float, float]:
    """Newton's method on the log likelihood of slope and intercept, with Platt's own smoothed targets."""
    frauds = int(labels.sum())
    honest = len(labels) - frauds
    targets = np.where(labels == 1, (frauds + 1) / (frauds + 2), 1 / (honest + 2))
    design = np.column_stack([margins.astype(np.float64), np.ones(len(margins))])
    weights = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ weights))
        curvature = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (targets - p))
        weights = weights + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    return float(weights[0]), float(weights[1])


def _log_likelihood(labels: Labels, margins: Floats) -> float:
    signed = np.where(labels == 1, margins, -margins).astype(np.float64)
    return float(-np.logaddexp(0, -signed).sum())

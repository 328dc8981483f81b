"""Probabilities that mean what they say, by a map that never changes the order of scores."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.metrics import Labels, Weights
from scoring.signature import Calibration

Floats = NDArray[np.floating[Any]]
NEEDED_GAIN = 5.0  # nats of likelihood that two more parameters must bring on the validation part
BINS = 10


def calibrate(labels: Labels, margins: Floats, weights: Weights | None = None) -> Calibration:
    """The identity, unless a Platt map fits clearly better; both are strictly increasing."""
    counted = _counted(labels, weights)
    slope, intercept = _fit_platt(labels, margins, counted)
    before, after = (
        _log_likelihood(labels, mapped, counted) for mapped in (margins, slope * margins + intercept)
    )
    if slope <= 0 or not np.isfinite(after - before) or after - before < NEEDED_GAIN:
        return Calibration()
    return Calibration(kind="platt", slope=slope, intercept=intercept)


def apply(calibration: Calibration, margins: Floats) -> NDArray[np.float64]:
    """Probabilities of raw margins, as the scorer gives them."""
    calibrated = calibration.slope * margins.astype(np.float64) + calibration.intercept
    return np.asarray(1 / (1 + np.exp(-calibrated)))


def reliability(labels: Labels, probabilities: Floats, weights: Weights | None = None) -> dict[str, float]:
    """Expected calibration error over bins of equal size, and frauds expected for each one seen."""
    counted = _counted(labels, weights)
    bins = np.array_split(np.argsort(probabilities, kind="stable"), BINS)
    gaps = [abs(float(np.sum(counted[rows] * (probabilities[rows] - labels[rows])))) for rows in bins]
    return {
        "calibration_error": sum(gaps) / float(counted.sum()),
        "expected_over_observed_fraud": float(counted @ probabilities / (counted @ labels)),
    }


def _counted(labels: Labels, weights: Weights | None) -> NDArray[np.float64]:
    return np.ones(len(labels)) if weights is None else weights.astype(np.float64)


def _fit_platt(labels: Labels, margins: Floats, counted: NDArray[np.float64]) -> tuple[float, float]:
    """Newton's method on the log likelihood of slope and intercept, with Platt's own smoothed targets."""
    frauds = float(counted @ labels)
    honest = float(counted.sum()) - frauds
    targets = np.where(labels == 1, (frauds + 1) / (frauds + 2), 1 / (honest + 2))
    design = np.column_stack([margins.astype(np.float64), np.ones(len(margins))])
    line = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ line))
        curvature = (design * (counted * p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (counted * (targets - p)))
        line = line + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    return float(line[0]), float(line[1])


def _log_likelihood(labels: Labels, margins: Floats, counted: NDArray[np.float64]) -> float:
    signed = np.where(labels == 1, margins, -margins).astype(np.float64)
    return float(-counted @ np.logaddexp(0, -signed))

"""How many payments a labelled one stands for, where only a known share of its like could be labelled."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

WEIGHT_MAX = 20.0  # a greater weight would let one payment decide; what is cut off is a known bias


def weights_of(propensities: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """1 / propensity, at most WEIGHT_MAX; raises ValueError for a propensity outside (0, 1]."""
    if not np.all((propensities > 0) & (propensities <= 1)):
        raise ValueError("a propensity is above 0 and at most 1")
    return np.minimum(1.0 / propensities, WEIGHT_MAX).astype(np.float32)


def effective_size(weights: NDArray[np.floating[Any]]) -> float:
    """How many payments of equal weight say as much as these: (sum of w)² / sum of w²; 0 of none."""
    squares = float(np.sum(np.square(weights, dtype=np.float64)))
    return float(np.sum(weights, dtype=np.float64)) ** 2 / squares if squares else 0.0

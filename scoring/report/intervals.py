"""How sure a figure is: the same figure over riders drawn anew, many times."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REPLICATES = 400
COVERAGE = 0.95

Weights = NDArray[np.float64]
Figures = Callable[[Weights | None], Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Interval:
    value: float
    low: float
    high: float


def intervals(
    figures: Figures, user_ids: NDArray[np.str_], *, replicates: int = REPLICATES, seed: int = 7
) -> dict[str, Interval]:
    """Each figure with its 95 % interval; `figures` is asked with a weight for each row, and once with none.

    All payments of a rider are drawn together, for they are alike: single payments would promise too much.
    """
    values = figures(None)
    drawn = [figures(weights) for weights in _resampled(user_ids, replicates, seed)]
    tail = (1 - COVERAGE) / 2
    found = {}
    for name, value in values.items():
        sample = np.array([one[name] for one in drawn])
        low, high = np.nanquantile(sample, [tail, 1 - tail])
        found[name] = Interval(value=value, low=float(low), high=float(high))
    return found


def _resampled(user_ids: NDArray[np.str_], replicates: int, seed: int) -> Iterator[Weights]:
    """How often each row's rider was drawn, of as many draws as there are riders."""
    random = np.random.default_rng(seed)
    rider = np.unique(user_ids, return_inverse=True)[1]
    riders = int(rider.max()) + 1
    for _ in range(replicates):
        yield np.bincount(random.integers(0, riders, riders), minlength=riders)[rider].astype(np.float64)

"""The one percentile that every benchmark reports."""

from collections.abc import Iterable
from math import ceil


def percentile(values: Iterable[float], share: float, digits: int = 2) -> float | None:
    """The smallest value that at least `share` of all do not exceed; None of nothing."""
    ordered = sorted(values)
    return round(ordered[max(0, ceil(share * len(ordered)) - 1)], digits) if ordered else None

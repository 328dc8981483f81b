"""A share that few payments tell of, with the range that chance leaves it."""

from math import sqrt

from msgspec import Struct

Z = 1.96  # nineteen times of twenty


class Range(Struct, frozen=True):
    low: float
    high: float


def wilson(hits: float, of: float) -> Range:
    """Where the true share lies, nineteen times of twenty; all is possible when nothing was seen."""
    if not of:
        return Range(0.0, 1.0)
    share, spread = hits / of, Z * Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return Range(max(0.0, middle - half), min(1.0, middle + half))

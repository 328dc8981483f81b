"""The time of one call, with caches still warm from the last and after other data went through them."""

from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any, TypeVar

import numpy as np
from msgspec import Struct

from deploy.bench.figures.percentile import percentile

Row = TypeVar("Row")
WARM_UP = 200
OTHER_DATA = np.ones(64 * 1024 * 1024 // 8)  # far more than a core's own caches hold


class Times(Struct, frozen=True, kw_only=True):
    """Microseconds."""

    p50: float
    p99: float
    longest: float


def warm(call: Callable[[Row], Any], rows: Sequence[Row]) -> Times:
    """Call after call; the first few are not counted unless there are no others."""
    taken = [_microseconds(call, row) for row in rows]
    return _times(taken[WARM_UP:] or taken)


def cold(call: Callable[[Row], Any], rows: Sequence[Row]) -> Times:
    """Before each call 64 MiB of something else go through the caches."""
    taken = []
    for row in rows:
        OTHER_DATA.sum()
        taken.append(_microseconds(call, row))
    return _times(taken)


def _microseconds(call: Callable[[Row], Any], row: Row) -> float:
    began = perf_counter_ns()
    call(row)
    return (perf_counter_ns() - began) / 1e3


def _times(taken_us: list[float]) -> Times:
    p50, p99, longest = (percentile(taken_us, share, 3) or 0.0 for share in (0.50, 0.99, 1.0))
    return Times(p50=p50, p99=p99, longest=longest)

"""How the whole platform does right now: the sum of all zones, made where it is read.

No event is counted under one key for everybody, which would be the slowest key of the stream.
"""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from domain.history import TILES_FIELD, History
from domain.tiles import HOUR, LAYOUTS, WEEK

PULSE_WINDOWS = (HOUR, WEEK)
_LAYOUT = LAYOUTS["zone"]


class Pulse(Struct, frozen=True, kw_only=True):
    """`at_ms` is when the zones were read; the tiles are rows of the zones' own layout."""

    at_ms: int
    tiles_1h: list[int]
    tiles_7d: list[int]


def pulse_of(zones: Iterable[History], at_ms: int) -> Pulse:
    histories = list(zones)
    return Pulse(at_ms=at_ms, **{TILES_FIELD[window]: _sum(histories, window) for window in PULSE_WINDOWS})


def _sum(histories: list[History], window_ms: int) -> list[int]:
    field, stride = TILES_FIELD[window_ms], _LAYOUT.stride
    sums: dict[int, list[int]] = defaultdict(lambda: [0] * (stride - 1))
    for history in histories:
        rows = getattr(history, field)
        for at in range(0, len(rows), stride):
            tile = sums[rows[at]]
            for place, amount in enumerate(rows[at + 1 : at + stride]):
                tile[place] += amount
    return [number for index in sorted(sums) for number in (index, *sums[index])]

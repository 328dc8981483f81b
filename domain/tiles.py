"""Sums over time: sparse tiles of a few sizes, each a row of integers in one flat list.

A row is the tile's index (time // size) followed by one sum for each of `SUMS`. Rows are ordered by index.
"""

from collections.abc import Mapping

from domain.display import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

SUMS = (
    "payments", "amount_minor", "declines", "failures", "requests", "cancels", "cards_added", "logins",
)  # fmt: skip
STRIDE = 1 + len(SUMS)
OFFSET = {name: 1 + i for i, name in enumerate(SUMS)}

# The tile is at most a twentieth of the window, so an edge is at most 5 % of the window away from exact.
TILE_OF_WINDOW = {
    5 * MINUTE_MS: 15 * SECOND_MS,
    HOUR_MS: 3 * MINUTE_MS,
    DAY_MS: HOUR_MS,
    7 * DAY_MS: 8 * HOUR_MS,
    30 * DAY_MS: DAY_MS,
}


def oldest_index(window_ms: int, as_of_ms: int) -> int:
    """The first tile of the window: it begins at `as_of - window` rounded down to a tile, and is whole."""
    return (as_of_ms - window_ms) // TILE_OF_WINDOW[window_ms]


def with_sums(
    rows: list[int], window_ms: int, time_ms: int, newest_ms: int, sums: Mapping[str, int]
) -> list[int]:
    """A copy of `rows` with `sums`, if any, added at `time_ms`, less what left the window at `newest_ms`."""
    edge = oldest_index(window_ms, newest_ms)
    first = 0
    while first < len(rows) and rows[first] < edge:
        first += STRIDE
    kept = rows[first:]
    index = time_ms // TILE_OF_WINDOW[window_ms]
    if sums and index >= edge:
        _add(kept, index, sums)
    return kept


def _add(rows: list[int], index: int, sums: Mapping[str, int]) -> None:
    at = len(rows)
    while at and rows[at - STRIDE] > index:
        at -= STRIDE
    if at and rows[at - STRIDE] == index:
        at -= STRIDE
    else:
        rows[at:at] = [index] + [0] * len(SUMS)
    for name, amount in sums.items():
        rows[at + OFFSET[name]] += amount


def total(rows: list[int], window_ms: int, as_of_ms: int, name: str) -> int:
    """The sum of `name` over the window that ends at `as_of_ms`."""
    first, past_end = 0, len(rows)
    edge, newest = oldest_index(window_ms, as_of_ms), as_of_ms // TILE_OF_WINDOW[window_ms]
    while first < past_end and rows[first] < edge:
        first += STRIDE
    while past_end > first and rows[past_end - STRIDE] > newest:
        past_end -= STRIDE
    return sum(rows[first + OFFSET[name] : past_end : STRIDE])

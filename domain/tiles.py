"""Sums over time: sparse tiles of a few sizes, each a row of integers in one flat list.

A row is the tile's index (time // size) followed by one sum for each name of its kind's layout. Rows are
ordered by index.
"""

from collections.abc import Mapping

from domain.display import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from domain.events import MAX_AHEAD_MS

Sums = list[tuple[int, int]]  # place in a row and amount


class Layout:
    """Which sums a row holds, and at which place behind the index."""

    def __init__(self, *sums: str) -> None:
        self.sums = sums
        self.stride = 1 + len(sums)
        self.offset = {name: 1 + i for i, name in enumerate(sums)}

    def placed(self, amounts: Mapping[str, int]) -> Sums:
        """The amounts that count here, each with its place; the others are left out."""
        return [(self.offset[name], n) for name, n in amounts.items() if n and name in self.offset]


LAYOUTS: Mapping[str, Layout] = {
    "card": Layout("payments", "amount_minor", "declines", "failures"),
    "user": Layout(
        "payments", "amount_minor", "declines", "failures", "requests", "cancels", "cards_added", "promos"
    ),
    "device": Layout("payments", "amount_minor", "declines", "accounts"),
    "zone": Layout("payments", "declines", "failures", "requests", "cancels"),
}

# The tile is at most a twentieth of the window, so an edge is at most 5 % of the window away from exact.
TILE_OF_WINDOW = {
    5 * MINUTE_MS: 15 * SECOND_MS,
    HOUR_MS: 3 * MINUTE_MS,
    DAY_MS: HOUR_MS,
    7 * DAY_MS: 8 * HOUR_MS,
    30 * DAY_MS: DAY_MS,
}
FIVE_MINUTES, HOUR, DAY, WEEK, MONTH = TILE_OF_WINDOW


def with_sums(
    rows: list[int], layout: Layout, window_ms: int, time_ms: int, *, newest_ms: int, sums: Sums
) -> list[int]:
    """`rows` with `sums`, if any, added at `time_ms`, less what no window can reach any more; a new list.

    An event may be ahead of the clock that asks by MAX_AHEAD_MS, so tiles are kept for that much longer than
    the newest event would have it.
    """
    tile_ms, stride = TILE_OF_WINDOW[window_ms], layout.stride
    edge = (newest_ms - MAX_AHEAD_MS - window_ms) // tile_ms
    first = 0
    while first < len(rows) and rows[first] < edge:
        first += stride
    kept = rows[first:]
    if sums and (index := time_ms // tile_ms) >= edge:
        at = len(kept) - stride
        if at < 0 or kept[at] != index:
            at = _row_of(kept, stride, index)
        for place, amount in sums:
            kept[at + place] += amount
    return kept


def _row_of(rows: list[int], stride: int, index: int) -> int:
    """Where the tile's row begins, near the end; it is put in when it is missing."""
    at = len(rows) - stride
    while at >= 0 and rows[at] > index:
        at -= stride
    if at < 0 or rows[at] < index:
        at += stride
        rows[at:at] = (index, *([0] * (stride - 1)))
    return at


def span(rows: list[int], stride: int, window_ms: int, as_of_ms: int) -> tuple[int, int]:
    """Where the rows of the window begin and end that ends with the tile of `as_of_ms`."""
    tile_ms = TILE_OF_WINDOW[window_ms]
    edge, newest = (as_of_ms - window_ms) // tile_ms, as_of_ms // tile_ms
    first, past_end = 0, len(rows)
    while first < past_end and rows[first] < edge:
        first += stride
    while past_end > first and rows[past_end - stride] > newest:
        past_end -= stride
    return first, past_end


def total(rows: list[int], layout: Layout, window_ms: int, as_of_ms: int, name: str) -> int:
    """The sum of `name` over the window that ends with the tile of `as_of_ms`."""
    first, past_end = span(rows, layout.stride, window_ms, as_of_ms)
    return sum(rows[first + layout.offset[name] : past_end : layout.stride])

from collections.abc import Iterable

import pytest
from event_factories import NOW_MS
from hypothesis import given
from hypothesis import strategies as st

from domain.display import DAY_MS
from domain.events import MAX_AHEAD_MS
from domain.tiles import LAYOUTS, TILE_OF_WINDOW, Layout, total, with_sums

WINDOWS = tuple(TILE_OF_WINDOW.items())
MANY_DAYS_MS = 40 * DAY_MS
CARD = LAYOUTS["card"]
PAID = CARD.placed({"payments": 1, "amount_minor": 7})


def filled(window_ms: int, times_ms: Iterable[int]) -> list[int]:
    rows: list[int] = []
    newest_ms = 0
    for time_ms in times_ms:
        newest_ms = max(newest_ms, time_ms)
        rows = with_sums(rows, CARD, window_ms, time_ms, newest_ms=newest_ms, sums=PAID)
    return rows


def counted(rows: list[int], window_ms: int, as_of_ms: int, name: str = "payments") -> int:
    return total(rows, CARD, window_ms, as_of_ms, name)


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
def test_a_tile_is_at_most_a_twentieth_of_its_window(window_ms: int, tile_ms: int) -> None:
    assert tile_ms * 20 <= window_ms
    assert window_ms % tile_ms == 0


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
@pytest.mark.parametrize("past_tile_ms", [0, 1, 7_000])
def test_where_a_window_begins(window_ms: int, tile_ms: int, past_tile_ms: int) -> None:
    as_of_ms = NOW_MS // tile_ms * tile_ms + past_tile_ms
    edge_ms = (as_of_ms - window_ms) // tile_ms * tile_ms
    assert counted(filled(window_ms, [edge_ms]), window_ms, as_of_ms) == 1
    assert counted(filled(window_ms, [edge_ms - 1]), window_ms, as_of_ms) == 0


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
def test_a_window_ends_with_its_own_instant(window_ms: int, tile_ms: int) -> None:
    assert counted(filled(window_ms, [NOW_MS]), window_ms, NOW_MS) == 1
    assert counted(filled(window_ms, [NOW_MS + tile_ms]), window_ms, NOW_MS) == 0


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
def test_a_window_empties_by_the_clock_alone(window_ms: int, tile_ms: int) -> None:
    rows = filled(window_ms, [NOW_MS])
    assert counted(rows, window_ms, NOW_MS + window_ms) == 1
    assert counted(rows, window_ms, NOW_MS + window_ms + tile_ms) == 0


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
@given(data=st.data())
def test_totals_are_those_of_the_raw_events(window_ms: int, tile_ms: int, data: st.DataObject) -> None:
    spans = st.one_of(st.integers(0, 2 * window_ms), st.integers(0, MANY_DAYS_MS))
    times = data.draw(st.lists(spans.map(lambda ago: NOW_MS - ago), min_size=1, max_size=60))
    as_of_ms = max(times) + data.draw(st.integers(0, window_ms * 2))
    edge_ms = (as_of_ms - window_ms) // tile_ms * tile_ms
    inside = sum(edge_ms <= time_ms <= as_of_ms for time_ms in times)
    rows = filled(window_ms, times)
    assert counted(rows, window_ms, as_of_ms) == inside
    assert counted(rows, window_ms, as_of_ms, "amount_minor") == 7 * inside
    assert counted(rows, window_ms, as_of_ms, "declines") == 0


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
@given(data=st.data())
def test_rows_are_few_ordered_and_do_not_remember_the_order(
    window_ms: int, tile_ms: int, data: st.DataObject
) -> None:
    times = data.draw(
        st.lists(st.integers(NOW_MS - 2 * window_ms, NOW_MS), min_size=1, max_size=80, unique=True)
    )
    rows = filled(window_ms, times)
    indexes = rows[:: CARD.stride]
    assert indexes == sorted(set(indexes))
    assert len(indexes) <= (window_ms + MAX_AHEAD_MS) // tile_ms + 2
    assert filled(window_ms, data.draw(st.permutations(times))) == rows


def test_no_sums_make_no_tile_but_prune() -> None:
    window_ms = WINDOWS[0][0]
    rows = filled(window_ms, [NOW_MS])
    assert with_sums(rows, CARD, window_ms, NOW_MS + 1, newest_ms=NOW_MS + 1, sums=[]) == rows
    later_ms = NOW_MS + 3 * window_ms
    assert with_sums(rows, CARD, window_ms, later_ms, newest_ms=later_ms, sums=[]) == []


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
def test_a_clock_behind_the_newest_event_finds_its_whole_window(window_ms: int, tile_ms: int) -> None:
    edge_ms = (NOW_MS - window_ms) // tile_ms * tile_ms
    rows = filled(window_ms, [edge_ms, NOW_MS, NOW_MS + MAX_AHEAD_MS])
    assert counted(rows, window_ms, NOW_MS) >= 2
    assert counted(filled(window_ms, [edge_ms - 1, NOW_MS]), window_ms, NOW_MS) == 1


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
def test_a_tile_leaves_when_no_clock_can_reach_it(window_ms: int, tile_ms: int) -> None:
    edge_ms = (NOW_MS - MAX_AHEAD_MS - window_ms) // tile_ms * tile_ms
    assert filled(window_ms, [NOW_MS, edge_ms])[0] == edge_ms // tile_ms
    assert filled(window_ms, [NOW_MS, edge_ms - 1]) == filled(window_ms, [NOW_MS])


def test_tiles_after_the_clock_are_kept_and_not_counted() -> None:
    window_ms, tile_ms = WINDOWS[0]
    rows = filled(window_ms, [NOW_MS, NOW_MS + tile_ms, NOW_MS + 2 * tile_ms])
    assert [counted(rows, window_ms, NOW_MS + i * tile_ms) for i in range(3)] == [1, 2, 3]


def test_the_given_rows_are_left_alone() -> None:
    window_ms = WINDOWS[0][0]
    rows = filled(window_ms, [NOW_MS])
    before = rows[:]
    assert filled(window_ms, [NOW_MS, NOW_MS]) != before
    with_sums(rows, CARD, window_ms, NOW_MS, newest_ms=NOW_MS, sums=PAID)
    assert rows == before


@pytest.mark.parametrize("kind", LAYOUTS)
def test_sums_stay_apart(kind: str) -> None:
    window_ms, layout = WINDOWS[0][0], LAYOUTS[kind]
    rows: list[int] = []
    for amount, name in enumerate(layout.sums, start=1):
        sums = layout.placed({name: amount})
        rows = with_sums(rows, layout, window_ms, NOW_MS, newest_ms=NOW_MS, sums=sums)
    found = [total(rows, layout, window_ms, NOW_MS, name) for name in layout.sums]
    assert found == list(range(1, len(layout.sums) + 1))


def test_a_layout_leaves_out_nothings_and_what_it_does_not_count() -> None:
    layout = Layout("payments", "declines")
    assert layout.stride == 3
    assert layout.placed({"promos": 1, "declines": 4, "payments": 0}) == [(2, 4)]

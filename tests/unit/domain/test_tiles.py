from collections.abc import Iterable

import pytest
from event_factories import NOW_MS
from hypothesis import given
from hypothesis import strategies as st

from domain.display import DAY_MS
from domain.tiles import STRIDE, SUMS, TILE_OF_WINDOW, total, with_sums

WINDOWS = tuple(TILE_OF_WINDOW.items())
MANY_DAYS_MS = 40 * DAY_MS


def filled(window_ms: int, times_ms: Iterable[int]) -> list[int]:
    rows: list[int] = []
    newest_ms = 0
    for time_ms in times_ms:
        newest_ms = max(newest_ms, time_ms)
        rows = with_sums(rows, window_ms, time_ms, newest_ms, {"payments": 1, "amount_minor": 7})
    return rows


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
def test_a_tile_is_at_most_a_twentieth_of_its_window(window_ms: int, tile_ms: int) -> None:
    assert tile_ms * 20 <= window_ms
    assert window_ms % tile_ms == 0


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
@pytest.mark.parametrize("past_tile_ms", [0, 1, 7_000])
def test_where_a_window_begins(window_ms: int, tile_ms: int, past_tile_ms: int) -> None:
    as_of_ms = NOW_MS // tile_ms * tile_ms + past_tile_ms
    edge_ms = (as_of_ms - window_ms) // tile_ms * tile_ms
    assert total(filled(window_ms, [edge_ms]), window_ms, as_of_ms, "payments") == 1
    assert total(filled(window_ms, [edge_ms - 1]), window_ms, as_of_ms, "payments") == 0


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
def test_a_window_ends_with_its_own_instant(window_ms: int, tile_ms: int) -> None:
    assert total(filled(window_ms, [NOW_MS]), window_ms, NOW_MS, "payments") == 1
    assert total(filled(window_ms, [NOW_MS + tile_ms]), window_ms, NOW_MS, "payments") == 0


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
def test_a_window_empties_by_the_clock_alone(window_ms: int, tile_ms: int) -> None:
    rows = filled(window_ms, [NOW_MS])
    assert total(rows, window_ms, NOW_MS + window_ms, "payments") == 1
    assert total(rows, window_ms, NOW_MS + window_ms + tile_ms, "payments") == 0


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
@given(data=st.data())
def test_totals_are_those_of_the_raw_events(window_ms: int, tile_ms: int, data: st.DataObject) -> None:
    spans = st.one_of(st.integers(0, 2 * window_ms), st.integers(0, MANY_DAYS_MS))
    times = data.draw(st.lists(spans.map(lambda ago: NOW_MS - ago), min_size=1, max_size=60))
    as_of_ms = max(times) + data.draw(st.integers(0, window_ms * 2))
    edge_ms = (as_of_ms - window_ms) // tile_ms * tile_ms
    inside = sum(edge_ms <= time_ms <= as_of_ms for time_ms in times)
    rows = filled(window_ms, times)
    assert total(rows, window_ms, as_of_ms, "payments") == inside
    assert total(rows, window_ms, as_of_ms, "amount_minor") == 7 * inside
    assert total(rows, window_ms, as_of_ms, "declines") == 0


@pytest.mark.parametrize(("window_ms", "tile_ms"), WINDOWS)
@given(data=st.data())
def test_rows_are_few_ordered_and_do_not_remember_the_order(
    window_ms: int, tile_ms: int, data: st.DataObject
) -> None:
    times = data.draw(
        st.lists(st.integers(NOW_MS - 2 * window_ms, NOW_MS), min_size=1, max_size=80, unique=True)
    )
    rows = filled(window_ms, times)
    indexes = rows[::STRIDE]
    assert indexes == sorted(set(indexes))
    assert len(indexes) <= window_ms // tile_ms + 1
    assert filled(window_ms, data.draw(st.permutations(times))) == rows


def test_no_sums_make_no_tile_but_prune() -> None:
    window_ms = WINDOWS[0][0]
    rows = filled(window_ms, [NOW_MS])
    assert with_sums(rows, window_ms, NOW_MS + 1, NOW_MS + 1, {}) == rows
    later_ms = NOW_MS + 2 * window_ms
    assert with_sums(rows, window_ms, later_ms, later_ms, {}) == []


def test_sums_stay_apart() -> None:
    window_ms = WINDOWS[0][0]
    rows: list[int] = []
    for amount, name in enumerate(SUMS, start=1):
        rows = with_sums(rows, window_ms, NOW_MS, NOW_MS, {name: amount})
    found = [total(rows, window_ms, NOW_MS, name) for name in SUMS]
    assert found == list(range(1, len(SUMS) + 1))

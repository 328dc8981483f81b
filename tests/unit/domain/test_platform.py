"""The pulse: what all zones tell together."""

import pytest
from event_factories import NOW_MS, a_history, a_payment
from event_strategies import events
from hypothesis import given
from hypothesis import strategies as st

from domain.decision import Verdict
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS
from domain.events import Event, event_time_ms
from domain.history import TILES_FIELD, History
from domain.platform import PULSE_WINDOWS, Pulse, pulse_of
from domain.tiles import LAYOUTS, total

ZONE = LAYOUTS["zone"]


@st.composite
def cities(draw: st.DrawFn, *, span_ms: int = 10 * DAY_MS) -> list[list[Event]]:
    """The events of some zones."""
    stream = draw(events("zone", span_ms=span_ms))
    zones = [draw(st.integers(0, 4)) for _ in stream]
    told = [[event for event, zone in zip(stream, zones, strict=True) if zone == one] for one in range(5)]
    return [zone for zone in told if zone]


def pulse(city: list[list[Event]]) -> Pulse:
    return pulse_of([a_history("zone", *zone) for zone in city], NOW_MS)


def together(city: list[list[Event]]) -> History:
    return a_history("zone", *(event for zone in city for event in zone))


@given(city=cities(), ahead_ms=st.integers(0, 8 * DAY_MS))
def test_the_pulse_counts_as_one_history_of_all_zones_would(city: list[list[Event]], ahead_ms: int) -> None:
    one, sums = together(city), pulse(city)
    as_of_ms = max(event_time_ms(event) for zone in city for event in zone) + ahead_ms
    for window_ms in PULSE_WINDOWS:
        field = TILES_FIELD[window_ms]
        for name in ZONE.sums:
            expected = total(getattr(one, field), ZONE, window_ms, as_of_ms, name)
            assert total(getattr(sums, field), ZONE, window_ms, as_of_ms, name) == expected


@given(city=cities(span_ms=50 * MINUTE_MS))
def test_where_nothing_was_pruned_the_rows_are_the_same(city: list[list[Event]]) -> None:
    one, sums = together(city), pulse(city)
    assert (sums.tiles_1h, sums.tiles_7d) == (one.tiles_1h, one.tiles_7d)


@given(city=cities(), data=st.data())
def test_zones_may_come_in_any_order(city: list[list[Event]], data: st.DataObject) -> None:
    assert pulse(data.draw(st.permutations(city))) == pulse(city)


@given(city=cities())
def test_rows_are_in_order_of_time(city: list[list[Event]]) -> None:
    for rows in (pulse(city).tiles_1h, pulse(city).tiles_7d):
        indexes = rows[:: ZONE.stride]
        assert indexes == sorted(set(indexes))


def test_tiles_of_one_time_are_added_up() -> None:
    quiet = a_history("zone", a_payment())
    busy = a_history("zone", a_payment(), a_payment(verdict=Verdict.DECLINE))
    apart = a_history("zone", a_payment(at_ms=NOW_MS - HOUR_MS))
    tile = NOW_MS // (3 * MINUTE_MS)
    pulse = pulse_of(iter([quiet, busy, apart]), NOW_MS)
    assert pulse.tiles_1h == [tile - 20, 1, 0, 0, 0, 0, tile, 3, 1, 0, 0, 0]
    assert pulse.at_ms == NOW_MS


def test_the_zones_are_left_alone() -> None:
    zone = a_history("zone", a_payment())
    before = zone.tiles_1h[:]
    pulse_of([zone, zone], NOW_MS)
    assert zone.tiles_1h == before


@pytest.mark.parametrize("zones", [[], [History()]])
def test_no_zone_and_quiet_zones_have_no_tiles(zones: list[History]) -> None:
    assert pulse_of(zones, NOW_MS) == Pulse(at_ms=NOW_MS, tiles_1h=[], tiles_7d=[])

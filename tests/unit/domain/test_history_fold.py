"""The fold as a whole: the same history from the same events, in any order, any number of times."""

from copy import deepcopy
from typing import get_args

import pytest
from event_factories import (
    NOW_MS,
    a_driver_contact,
    a_heartbeat,
    a_history,
    a_payment,
    a_profile_change,
)
from event_strategies import events
from hypothesis import given
from hypothesis import strategies as st

from domain.display import DAY_MS, HOUR_MS, MINUTE_MS
from domain.events import Event, event_time_ms
from domain.fold import fold, folds, is_late
from domain.folded_ids import LATENESS_HORIZON_MS, MEMORY
from domain.history import HistoryKind, decode_history, encode_history

KINDS = get_args(HistoryKind)


def folded(kind: HistoryKind, stream: list[Event]) -> bytes:
    return encode_history(a_history(kind, *stream))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_any_order_gives_the_same_bytes(kind: HistoryKind, data: st.DataObject) -> None:
    stream = data.draw(events(kind))
    assert folded(kind, data.draw(st.permutations(stream))) == folded(kind, stream)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_repeats_within_the_horizon_change_nothing(kind: HistoryKind, data: st.DataObject) -> None:
    stream = data.draw(events(kind, span_ms=MEMORY[kind].kept_ms))
    repeats = data.draw(st.lists(st.sampled_from(stream), max_size=20))
    assert folded(kind, data.draw(st.permutations(stream + repeats))) == folded(kind, stream)


@given(stream=events("user"))
def test_the_history_before_is_left_as_it_was(stream: list[Event]) -> None:
    history = None
    for event in stream:
        before = deepcopy(history)
        after = fold("user", history, event, NOW_MS)
        assert history == before
        history = after


@given(stream=events("user"))
def test_bytes_hold_the_whole_history(stream: list[Event]) -> None:
    history = a_history("user", *stream)
    assert decode_history(encode_history(history)) == history


def test_a_repeat_gives_back_the_very_same_object() -> None:
    payment = a_payment()
    history = a_history("card", payment)
    assert fold("card", history, payment, NOW_MS + DAY_MS) is history


def test_an_event_that_counts_nothing_prunes_what_left_the_windows_all_the_same() -> None:
    payment = a_payment(at_ms=NOW_MS)
    change = a_profile_change(at_ms=NOW_MS + 20 * MINUTE_MS)
    assert folded("user", [payment, change]) == folded("user", [change, payment])
    assert a_history("user", payment, change).tiles_5m == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_whose_id_was_pruned_is_folded_again(kind: HistoryKind) -> None:
    memory = MEMORY[kind]
    old = a_payment(at_ms=NOW_MS // memory.slot_ms * memory.slot_ms - 1)
    new = a_payment(at_ms=event_time_ms(old) + memory.kept_ms + 1)
    history = a_history(kind, old, new, old)
    assert history.version == 3
    assert history.lifetime_payments == 3


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_is_kept_to_the_last_millisecond(kind: HistoryKind) -> None:
    old, new = a_payment(at_ms=NOW_MS), a_payment(at_ms=NOW_MS + MEMORY[kind].kept_ms)
    assert a_history(kind, old, new, old).version == 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_remembers_beyond_the_horizon_of_lateness(kind: HistoryKind) -> None:
    assert MEMORY[kind].kept_ms >= 2 * LATENESS_HORIZON_MS


def test_version_counts_events_and_known_at_is_the_newest_record_time() -> None:
    history = fold("card", None, a_payment(), NOW_MS + 5)
    history = fold("card", history, a_payment(), NOW_MS + 2)
    assert (history.epoch, history.version, history.known_at_ms) == (1, 2, NOW_MS + 5)


@pytest.mark.parametrize(
    ("behind_ms", "late"), [(0, False), (LATENESS_HORIZON_MS, False), (HOUR_MS + 1, True)]
)
def test_late_is_later_than_an_hour(behind_ms: int, late: bool) -> None:
    assert is_late(a_payment(at_ms=NOW_MS), NOW_MS + behind_ms) is late


def test_events_without_a_place_in_histories() -> None:
    assert folds(a_payment())
    assert not folds(a_heartbeat())
    assert not folds(a_driver_contact())

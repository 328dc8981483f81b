"""Where the events of a history stand, and in which epoch it began."""

from typing import get_args

import pytest
from event_factories import (
    NOW_MS,
    a_card_added,
    a_payment,
)
from event_strategies import events
from hypothesis import given
from hypothesis import strategies as st

from domain.events import Event, event_time_ms
from domain.fold import fold
from domain.history import History, HistoryKind

KINDS = get_args(HistoryKind)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_any_order_of_events_with_places_gives_the_same_bytes(kind: HistoryKind, data: st.DataObject) -> None:
    places = st.tuples(st.sampled_from([0, 1, 1_003, 2_000]), st.integers(0, 10**6))
    stream = [(event, data.draw(places)) for event in data.draw(events(kind, most=12))]
    orders = (stream, data.draw(st.permutations(stream)))
    assert placed(kind, orders[0]) == placed(kind, orders[1])


def placed(kind: HistoryKind, stream: list[tuple[Event, tuple[int, int]]]) -> History:
    history = None
    for event, position in stream:
        history = fold(kind, history, event, event_time_ms(event), position)
    assert history is not None, "a history has at least one event"
    return history


def test_a_history_tells_the_newest_place_of_each_partition() -> None:
    stream: list[tuple[Event, tuple[int, int]]] = [
        (a_payment(), (1_002, 8)),
        (a_card_added(), (3, 40)),
        (a_payment(), (1_002, 5)),
    ]
    assert placed("card", stream).positions == [3, 40, 1_002, 8]


def test_a_repeat_at_a_later_place_moves_nothing_on() -> None:
    payment = a_payment()
    history = fold("card", None, payment, NOW_MS, (1_000, 5))
    assert fold("card", history, payment, NOW_MS, (1_000, 9)) is history
    assert history.positions == [1_000, 5]


def test_a_payment_that_stands_nowhere_yet_moves_no_place() -> None:
    history = fold("card", None, a_payment(), NOW_MS, (1_000, 5))
    assert fold("card", history, a_payment(), NOW_MS).positions == [1_000, 5]


def test_a_history_bears_the_epoch_it_began_in() -> None:
    history = fold("card", None, a_payment(), NOW_MS, epoch=4)
    assert (history.epoch, history.version) == (4, 1)
    assert fold("card", history, a_payment(), NOW_MS).epoch == 4
    assert fold("card", None, a_payment(), NOW_MS).epoch == 1

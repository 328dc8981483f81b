from typing import Any

import pytest
from event_factories import NOW_MS, a_heartbeat, a_payment
from fake_flink import KeyContext, RuntimeContext

from domain.events import Event, encode_event
from domain.feature_message import HistoryMessage, WatermarkMessage, decode_message
from domain.fold import fold
from domain.folded_ids import MEMORY
from domain.history import decode_history, encode_history
from domain.topics import DEAD_LETTER as DEAD_LETTER_TOPIC
from domain.topics import (
    DECISIONS,
    FEATURES_CARD,
    FEATURES_ZONE,
    SOURCES,
    features_topic,
    partition_of,
    source_number,
)
from flink_jobs.decode_step import DEAD_LETTER, HEARTBEAT
from flink_jobs.delivery import Delivery, encode_delivery
from flink_jobs.fold_step import FoldIntoHistory
from flink_jobs.routing import KINDS

PLACE = (source_number(DECISIONS.name, 3), 41)


class Step:
    """The step with one key's state."""

    def __init__(self, kinds: tuple[str, ...] = KINDS, *, epoch: int = 1, paced: bool = True, **context: int):
        self.context = RuntimeContext(**context)
        self._step = FoldIntoHistory(kinds, epoch=epoch, paced=paced)
        self._step.open(self.context)  # type: ignore[arg-type]
        self.timers: list[int] = []

    def take(self, kind: str, entity: str, body: bytes) -> list[Any]:
        key = KeyContext(f"{kind}:{entity}")
        raw = encode_delivery(Delivery(kind, entity, body, NOW_MS, *PLACE))
        told = list(self._step.process_element(raw, key))  # type: ignore[arg-type]
        self.timers += key.timers.due_ms
        return told

    def ring(self, kind: str, entity: str) -> list[Any]:
        """A timer of this key is due."""
        return list(self._step.on_timer(0, KeyContext(f"{kind}:{entity}")))  # type: ignore[arg-type]

    def card(self, event: Event) -> list[Any]:
        return self.take("card", "card_a", encode_event(event))

    def zone(self, event: Event) -> list[Any]:
        return self.take("zone", "zone_a", encode_event(event))

    def beat(self, time_ms: int) -> list[Any]:
        """A heartbeat from every partition; what they make it tell."""
        told = []
        for topic in SOURCES:
            for partition in range(topic.partitions):
                heartbeat = a_heartbeat(at_ms=time_ms, source_topic=topic.name, partition=partition)
                told += self.take(HEARTBEAT, "", encode_event(heartbeat))
        return told


def test_an_event_is_told_with_the_history_after_it() -> None:
    payment = a_payment()
    step = Step()
    [(topic, key, body)] = step.card(payment)
    payload = encode_history(fold("card", None, payment, NOW_MS, PLACE))
    assert (topic, key) == (FEATURES_CARD.name, "card_a")
    assert decode_message(body) == HistoryMessage(
        kind="card", entity_id="card_a", epoch=1, version=1, known_at_ms=NOW_MS, payload=payload
    )
    assert step.context.state.value() == payload


def test_the_next_event_is_folded_into_the_state() -> None:
    first, second = a_payment(), a_payment()
    step = Step()
    step.card(first)
    [(_, _, body)] = step.card(second)
    told = decode_message(body)
    assert isinstance(told, HistoryMessage)
    both = fold("card", fold("card", None, first, NOW_MS, PLACE), second, NOW_MS, PLACE)
    assert told.payload == encode_history(both)
    assert told.version == 2


def test_a_history_knows_its_place_and_the_epoch_it_began_in() -> None:
    step = Step(epoch=7)
    step.card(a_payment())
    [(_, _, body)] = step.card(a_payment())
    told = decode_message(body)
    assert isinstance(told, HistoryMessage)
    history = decode_history(told.payload)
    assert (told.epoch, told.version) == (history.epoch, history.version) == (7, 2)
    assert history.positions == list(PLACE)


def test_one_event_is_folded_for_each_of_its_entities() -> None:
    payment = a_payment()
    body = encode_event(payment)
    step = Step()
    step.take("card", "card_a", body)
    step.context.state.update(b"")  # the next key's state is empty
    [(_, _, told)] = step.take("user", "usr_a", body)
    user = encode_history(fold("user", None, payment, NOW_MS, PLACE))
    assert decode_message(told).payload == user  # type: ignore[union-attr]


def test_a_zone_is_told_when_its_timer_rings() -> None:
    first, second = a_payment(), a_payment()
    step = Step()
    assert step.zone(first) + step.zone(second) == []
    [(topic, key, body)] = step.ring("zone", "zone_a")
    both = fold("zone", fold("zone", None, first, NOW_MS, PLACE), second, NOW_MS, PLACE)
    assert (topic, key) == (FEATURES_ZONE.name, "zone_a")
    assert decode_message(body) == HistoryMessage(
        kind="zone",
        entity_id="zone_a",
        epoch=1,
        version=2,
        known_at_ms=NOW_MS,
        payload=encode_history(both),
    )


def test_a_zone_waits_for_one_timer_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step()
    for now_ms in (1_000, 1_100, 1_249, 1_250):
        monkeypatch.setattr("flink_jobs.fold_step.time.time_ns", lambda ms=now_ms: ms * 1_000_000)
        step.zone(a_payment())
    assert step.timers == [1_250, 1_500]


def test_a_zone_told_by_its_timer_waits_for_another_though_the_clock_went_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = Step()
    monkeypatch.setattr("flink_jobs.fold_step.time.time_ns", lambda: 1_100 * 1_000_000)
    step.zone(a_payment())
    step.ring("zone", "zone_a")
    step.zone(a_payment())
    assert step.timers == [1_250, 1_250]


def test_a_card_under_attack_is_told_by_a_timer_from_its_saturation_on() -> None:
    step, cap = Step(), MEMORY["card"].cap
    told = [step.card(a_payment()) for _ in range(cap + 2)]
    assert [bool(messages) for messages in told] == [True] * cap + [False] * 2
    [(_, entity, body)] = step.ring("card", "card_a")
    assert entity == "card_a"
    assert decode_message(body).version == cap + 2  # type: ignore[union-attr]


def test_a_repeat_sets_no_timer() -> None:
    payment = a_payment()
    step = Step()
    step.zone(payment)
    set_for_the_first = len(step.timers)
    step.zone(payment)
    assert (set_for_the_first, len(step.timers)) == (1, 1)


def test_without_pace_a_zone_is_told_at_once() -> None:
    step = Step(paced=False)
    assert len(step.zone(a_payment())) == 1
    assert step.timers == []


def test_a_repeat_is_counted_and_not_told() -> None:
    payment = a_payment()
    step = Step()
    step.card(payment)
    assert step.card(payment) == []
    step.take(HEARTBEAT, "", encode_event(a_heartbeat()))
    assert step.context.counted() == {"events_folded": 1, "events_duplicate": 1, "subtasks_in_java": 0}


def test_a_dead_letter_passes_as_it_is() -> None:
    step = Step()
    assert step.take(DEAD_LETTER, "rides.events.v1-0", b"{}") == [
        (DEAD_LETTER_TOPIC.name, "rides.events.v1-0", b"{}")
    ]
    assert step.context.counted() == {"events_folded": 0, "events_duplicate": 0, "subtasks_in_java": 0}


def test_a_watermark_reaches_every_partition_of_every_features_topic() -> None:
    told = Step(subtask=1, subtasks=2).beat(NOW_MS)
    wanted = WatermarkMessage(subtask=1, subtasks=2, low_watermark_ms=NOW_MS)
    assert {decode_message(body) for _, _, body in told} == {wanted}
    places = {(topic, partition_of(key.encode(), 4)) for topic, key, _ in told}
    assert places == {(features_topic(kind).name, p) for kind in KINDS for p in range(4)}
    assert len(told) == len(places)


def test_a_job_of_one_kind_tells_its_own_topic_only() -> None:
    assert {topic for topic, _, _ in Step(kinds=("card",)).beat(NOW_MS)} == {FEATURES_CARD.name}


def test_a_watermark_that_hardly_rose_is_not_told() -> None:
    step = Step()
    step.beat(NOW_MS)
    assert step.beat(NOW_MS + 1) == []

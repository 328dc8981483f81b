from typing import Any

from event_factories import NOW_MS, a_heartbeat, a_history, a_payment
from fake_flink import RuntimeContext

from domain.events import Event, encode_event
from domain.feature_message import HistoryMessage, WatermarkMessage, decode_message
from domain.history import encode_history
from domain.topics import DEAD_LETTER as DEAD_LETTER_TOPIC
from domain.topics import FEATURES_CARD, SOURCES, features_topic, partition_of
from flink_jobs.decode_step import DEAD_LETTER, HEARTBEAT
from flink_jobs.fold_step import FoldIntoHistory
from flink_jobs.routing import KINDS


class Step:
    def __init__(self, kinds: tuple[str, ...] = KINDS, **context: int) -> None:
        self.context = RuntimeContext(**context)
        self._step = FoldIntoHistory(kinds)
        self._step.open(self.context)

    def take(self, kind: str, entity: str, body: bytes) -> list[Any]:
        row = (f"{kind}:{entity}", kind, entity, body, NOW_MS)
        return [tuple(out) for out in self._step.process_element(row, None)]  # type: ignore[arg-type]

    def card(self, event: Event) -> list[Any]:
        return self.take("card", "card_a", encode_event(event))

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
    payload = encode_history(a_history("card", payment))
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
    assert told.payload == encode_history(a_history("card", first, second))
    assert told.version == 2


def test_a_repeat_is_counted_and_not_told() -> None:
    payment = a_payment()
    step = Step()
    step.card(payment)
    assert step.card(payment) == []
    assert step.context.counted() == {"events_folded": 1, "events_duplicate": 1}


def test_a_dead_letter_passes_as_it_is() -> None:
    step = Step()
    assert step.take(DEAD_LETTER, "rides.events.v1-0", b"{}") == [
        (DEAD_LETTER_TOPIC.name, "rides.events.v1-0", b"{}")
    ]
    assert step.context.counted() == {"events_folded": 0, "events_duplicate": 0}


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

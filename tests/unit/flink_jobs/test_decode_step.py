from collections.abc import Iterator
from typing import Any

import pytest
from event_factories import NOW_MS, a_heartbeat, a_location, a_payment, a_profile_change
from fake_flink import RuntimeContext
from msgspec import json

from domain.events import Event, encode_event
from domain.folded_ids import LATENESS_HORIZON_MS
from domain.topics import DECISIONS, RIDES, source_number
from flink_jobs.decode_step import DEAD_LETTER, HEARTBEAT, DecodeAndRoute
from flink_jobs.delivery import Delivery, decode_delivery
from flink_jobs.routing import KINDS


class Step:
    def __init__(self, kinds: tuple[str, ...] = KINDS, subtask_keys: tuple[str, ...] = ("beat:0",)) -> None:
        self.context = RuntimeContext()
        self._step = DecodeAndRoute(kinds, subtask_keys)
        self._step.open(self.context)

    def read(
        self, raw: bytes | None, *, topic: str = DECISIONS.name, record_time_ms: int = NOW_MS
    ) -> list[tuple[str, Delivery]]:
        rows = self._rows(raw, topic, record_time_ms)
        return [(key, decode_delivery(delivery)) for key, delivery in map(tuple, rows)]

    def take(
        self, event: Event, *, topic: str = DECISIONS.name, record_time_ms: int = NOW_MS
    ) -> list[tuple[str, Delivery]]:
        return self.read(encode_event(event), topic=topic, record_time_ms=record_time_ms)

    def _rows(self, raw: bytes | None, topic: str, record_time_ms: int) -> Iterator[Any]:
        return self._step.process_element((raw, topic, 3, 41, record_time_ms), None)  # type: ignore[arg-type]


def test_an_event_goes_to_each_entity_with_its_own_bytes() -> None:
    payment = a_payment()
    body, source = encode_event(payment), source_number(DECISIONS.name, 3)
    entities = [("card", "card_a"), ("user", "usr_a"), ("device", "dev_a"), ("zone", "zone_a")]
    assert Step().take(payment) == [
        (f"{kind}:{entity}", Delivery(kind, entity, body, NOW_MS, source, 41)) for kind, entity in entities
    ]


def test_a_job_of_one_kind_sends_to_one_kind() -> None:
    deliveries = Step(kinds=("profile",)).take(a_profile_change(), topic=RIDES.name)
    assert [key for key, _ in deliveries] == ["profile:usr_a"]


def test_an_event_that_concerns_nobody_goes_nowhere() -> None:
    step = Step()
    assert step.take(a_location(), topic=RIDES.name) == []
    assert step.context.counted() == {"events_refused": 0, "events_late": 0, "events_read": 0}


@pytest.mark.parametrize(
    ("raw", "reason"), [(b"not json", "not_json"), (b"{}", "invalid"), (None, "empty"), (b"", "not_json")]
)
def test_what_cannot_be_read_becomes_a_dead_letter(raw: bytes | None, reason: str) -> None:
    step = Step()
    [(key, delivery)] = step.read(raw)
    assert (key, delivery.kind, delivery.record_time_ms) == (DEAD_LETTER, DEAD_LETTER, NOW_MS)
    assert delivery.entity == f"{DECISIONS.name}-3"
    letter = json.decode(delivery.body)
    assert letter.pop("detail")
    assert letter == {
        "topic": DECISIONS.name,
        "partition": 3,
        "offset": 41,
        "record_time_ms": NOW_MS,
        "reason": reason,
    }
    assert step.context.counted()["events_refused"] == 1


def test_an_event_in_the_wrong_topic_is_a_dead_letter() -> None:
    [(_, delivery)] = Step().take(a_payment(), topic=RIDES.name)
    assert json.decode(delivery.body)["reason"] == "wrong_topic"


def test_a_dead_letter_holds_nothing_of_the_message() -> None:
    [(_, delivery)] = Step().read(b'{"type": "4111 1111 1111 1111"}')
    assert b"4111" not in delivery.body


def test_a_late_event_is_counted_and_not_sent_on() -> None:
    step = Step()
    payment = a_payment(at_ms=NOW_MS - LATENESS_HORIZON_MS)
    assert len(step.take(payment)) == 4
    assert step.take(payment, record_time_ms=NOW_MS + 1) == []
    assert step.context.counted()["events_late"] == 1


def test_a_heartbeat_reaches_every_subtask_however_late() -> None:
    heartbeat = a_heartbeat(at_ms=NOW_MS - 2 * LATENESS_HORIZON_MS)
    deliveries = Step(subtask_keys=("beat:0", "beat:7")).take(heartbeat, topic=RIDES.name)
    assert [(key, told.kind) for key, told in deliveries] == [("beat:0", HEARTBEAT), ("beat:7", HEARTBEAT)]


def test_a_heartbeat_shows_how_many_were_read() -> None:
    step = Step()
    step.take(a_location(), topic=RIDES.name)
    step.take(a_heartbeat(), topic=RIDES.name)
    assert step.context.counted()["events_read"] == 2

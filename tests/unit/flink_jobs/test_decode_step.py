from collections.abc import Iterator
from typing import Any

import pytest
from event_factories import NOW_MS, a_heartbeat, a_location, a_payment, a_profile_change
from fake_flink import Instant, RuntimeContext
from msgspec import json

from domain.events import Event, encode_event
from domain.history import LATENESS_HORIZON_MS
from domain.topics import DECISIONS, RIDES
from flink_jobs.decode_step import DEAD_LETTER, HEARTBEAT, DecodeAndRoute
from flink_jobs.routing import KINDS


class Step:
    def __init__(self, kinds: tuple[str, ...] = KINDS, subtask_keys: tuple[str, ...] = ("beat:0",)) -> None:
        self.context = RuntimeContext()
        self._step = DecodeAndRoute(kinds, subtask_keys)
        self._step.open(self.context)

    def read(self, raw: bytes | None, *, topic: str = DECISIONS.name, record_time_ms: int = NOW_MS) -> Any:
        return [list(row) for row in self._rows(raw, topic, record_time_ms)]

    def take(self, event: Event, *, topic: str = DECISIONS.name, record_time_ms: int = NOW_MS) -> Any:
        return self.read(encode_event(event), topic=topic, record_time_ms=record_time_ms)

    def _rows(self, raw: bytes | None, topic: str, record_time_ms: int) -> Iterator[Any]:
        return self._step.flat_map((raw, topic, 3, 41, Instant(record_time_ms)))  # type: ignore[arg-type]


def test_an_event_goes_to_each_entity_with_its_own_bytes() -> None:
    payment = a_payment()
    body = encode_event(payment)
    assert Step().take(payment) == [
        ["card:card_a", "card", "card_a", body, NOW_MS],
        ["user:usr_a", "user", "usr_a", body, NOW_MS],
        ["device:dev_a", "device", "dev_a", body, NOW_MS],
        ["zone:zone_a", "zone", "zone_a", body, NOW_MS],
    ]


def test_a_job_of_one_kind_sends_to_one_kind() -> None:
    rows = Step(kinds=("profile",)).take(a_profile_change(), topic=RIDES.name)
    assert [row[0] for row in rows] == ["profile:usr_a"]


def test_an_event_that_concerns_nobody_goes_nowhere() -> None:
    step = Step()
    assert step.take(a_location(), topic=RIDES.name) == []
    assert step.context.counted() == {"events_refused": 0, "events_late": 0, "events_read": 1}


@pytest.mark.parametrize(
    ("raw", "reason"), [(b"not json", "not_json"), (b"{}", "invalid"), (None, "empty"), (b"", "not_json")]
)
def test_what_cannot_be_read_becomes_a_dead_letter(raw: bytes | None, reason: str) -> None:
    step = Step()
    [[key, kind, entity, body, record_time_ms]] = step.read(raw)
    assert (key, kind, record_time_ms) == (DEAD_LETTER, DEAD_LETTER, NOW_MS)
    assert entity == f"{DECISIONS.name}-3"
    letter = json.decode(body)
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
    [row] = Step().take(a_payment(), topic=RIDES.name)
    assert json.decode(row[3])["reason"] == "wrong_topic"


def test_a_dead_letter_holds_nothing_of_the_message() -> None:
    [row] = Step().read(b'{"type": "4111 1111 1111 1111"}')
    assert b"4111" not in row[3]


def test_a_late_event_is_counted_and_not_sent_on() -> None:
    step = Step()
    payment = a_payment(at_ms=NOW_MS - LATENESS_HORIZON_MS)
    assert len(step.take(payment)) == 4
    assert step.take(payment, record_time_ms=NOW_MS + 1) == []
    assert step.context.counted()["events_late"] == 1


def test_a_heartbeat_reaches_every_subtask_however_late() -> None:
    heartbeat = a_heartbeat(at_ms=NOW_MS - 2 * LATENESS_HORIZON_MS)
    rows = Step(subtask_keys=("beat:0", "beat:7")).take(heartbeat, topic=RIDES.name)
    assert [row[:3] for row in rows] == [["beat:0", HEARTBEAT, ""], ["beat:7", HEARTBEAT, ""]]

"""One readable line for whatever stands in a topic."""

from dataclasses import dataclass

import msgspec
from rich.text import Text

from deploy.cli.tail import is_beat, line
from domain.events import DeviceLogin, Heartbeat, encode_event, event_time_ms, from_ms
from domain.feature_message import HistoryMessage, WatermarkMessage, encode_message

NOW_MS = 1_750_000_000_000
LOGIN = DeviceLogin(
    id="evt_1",
    event_time=from_ms(NOW_MS),
    producer="app",
    user_id="usr_1",
    device_id="dev_1",
    new_device=True,
)
BEAT = Heartbeat(
    id="evt_2", event_time=from_ms(NOW_MS), producer="relay", source_topic="rides.events.v1", partition=3
)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What confluent_kafka hands over."""

    name: str
    body: bytes | None

    def topic(self) -> str:
        return self.name

    def value(self) -> bytes | None:
        return self.body

    def partition(self) -> int:
        return 2

    def offset(self) -> int:
        return 7

    def timestamp(self) -> tuple[int, int]:
        return (1, NOW_MS)


def shown(topic: str, body: bytes | None) -> str:
    return Text.from_markup(line(Record(name=topic, body=body))).plain


def test_an_event_with_its_time_type_and_fields() -> None:
    assert event_time_ms(LOGIN) == NOW_MS
    text = shown("rides.events.v1", encode_event(LOGIN))
    assert text == "2/7 15:06:40.000 device.login user_id=usr_1 device_id=dev_1 new_device=True"


def test_a_history_with_its_version_and_what_it_holds() -> None:
    payload = msgspec.msgpack.encode({"payments": 3, "empty": []})
    message = HistoryMessage(
        kind="card", entity_id="card_1", epoch=1, version=9, known_at_ms=NOW_MS, payload=payload
    )
    assert shown("features.card.v1", encode_message(message)) == "2/7 15:06:40.000 card_1 v1.9 payments=3"


def test_a_watermark() -> None:
    message = WatermarkMessage(subtask=0, subtasks=1, low_watermark_ms=NOW_MS)
    assert shown("features.card.v1", encode_message(message)) == "2/7 watermark 15:06:40.000 subtask 1 of 1"


def test_what_cannot_be_read_is_shown_as_such_and_markup_in_it_is_harmless() -> None:
    assert "unreadable" in shown("rides.events.v1", b"[bold]not json")
    assert "[bold]not json" in shown("rides.events.v1", b"[bold]not json")
    assert "unreadable" in shown("features.card.v1", b"\xc1")


def test_a_tombstone_and_a_dead_letter() -> None:
    assert shown("features.card.v1", None) == "2/7 tombstone"
    assert shown("events.dead-letter.v1", b'{"reason": "x"}') == '2/7 {"reason": "x"}'


def test_beats_are_told_from_news() -> None:
    assert is_beat(Record(name="rides.events.v1", body=encode_event(BEAT)))
    assert not is_beat(Record(name="rides.events.v1", body=encode_event(LOGIN)))
    mark = encode_message(WatermarkMessage(subtask=0, subtasks=1, low_watermark_ms=NOW_MS))
    assert is_beat(Record(name="features.card.v1", body=mark))
    assert not is_beat(Record(name="features.card.v1", body=b"junk"))

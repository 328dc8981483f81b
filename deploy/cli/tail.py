"""`faregate tail TOPIC`: a topic's messages as they come, decoded, one line each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from deploy.cli.running import running
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home
from domain.errors import EventRefused
from domain.events import decode_event
from domain.feature_message import HistoryMessage, WatermarkMessage, decode_message
from domain.topics import BY_NAME, DEAD_LETTER

HIDDEN = {"id", "version", "event_time", "producer"}
POLL_S = 0.5
SHOWN_CHARACTERS = 400


def tail(home: Home, env: Mapping[str, str], topic: str, *, from_beginning: bool, number: int) -> None:
    if topic not in BY_NAME:
        raise StackError(f"There is no topic {topic}. There are: {', '.join(sorted(BY_NAME))}.")
    bootstrap = env.get("FAREGATE_KAFKA") or running(home).urls["kafka"]
    console = Console(soft_wrap=True)
    consumer = _consumer(bootstrap, topic, from_beginning=from_beginning)
    shown = 0
    try:
        while number == 0 or shown < number:
            record = consumer.poll(POLL_S)
            if record is not None and record.error() is None:
                console.print(line(record), highlight=False)
                shown += 1
    except KeyboardInterrupt:
        return
    finally:
        consumer.close()


def _consumer(bootstrap: str, topic: str, *, from_beginning: bool) -> Any:
    """Reads all partitions without a group, so that it leaves no trace in the broker."""
    from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, TopicPartition

    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "faregate-tail", "enable.auto.commit": False}
    )
    start = OFFSET_BEGINNING if from_beginning else OFFSET_END
    partitions = range(BY_NAME[topic].partitions)
    consumer.assign([TopicPartition(topic, partition, start) for partition in partitions])
    return consumer


def line(record: Any) -> str:
    """One readable line for a consumed record, in rich's markup."""
    place = f"[dim]{record.partition()}/{record.offset()}[/]"
    return f"{place} {_body(record.topic(), record.value(), record.timestamp()[1])}"


def _body(topic: str, raw: bytes | None, record_time_ms: int) -> str:
    if raw is None:
        return "[dim]tombstone[/]"
    if topic == DEAD_LETTER.name:
        return _clipped(raw.decode(errors="replace"))
    try:
        return _feature(raw) if topic.startswith("features.") else _event(raw, record_time_ms)
    except (EventRefused, msgspec.DecodeError) as problem:
        return f"[red]unreadable[/] {escape(str(problem))} {_clipped(raw.decode(errors='replace'))}"


def _event(raw: bytes, record_time_ms: int) -> str:
    event = decode_event(raw, record_time_ms)
    fields: dict[str, Any] = msgspec.to_builtins(event)
    kind = fields.pop("type")
    shown = " ".join(f"{name}={value}" for name, value in fields.items() if name not in HIDDEN)
    return f"{event.event_time:%H:%M:%S.%f}"[:-3] + f" [bold]{kind}[/] {escape(shown)}"


def _feature(raw: bytes) -> str:
    match decode_message(raw):
        case WatermarkMessage() as mark:
            who = f"subtask {mark.subtask + 1} of {mark.subtasks}"
            return f"[cyan]watermark[/] {_clock(mark.low_watermark_ms)} {who}"
        case HistoryMessage() as message:
            payload = msgspec.msgpack.decode(message.payload)
            shown = " ".join(f"{name}={value}" for name, value in payload.items() if value)
            version = f"{message.epoch}.{message.version}"
            return f"{_clock(message.known_at_ms)} [bold]{message.entity_id}[/] v{version} {_clipped(shown)}"


def _clock(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%H:%M:%S.%f}"[:-3]


def _clipped(text: str) -> str:
    return escape(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…")

"""`faregate tail TOPIC`: a topic's messages as they come, decoded, one line each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from deploy.cli.running import running
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home
from domain.errors import EventRefused
from domain.events import Heartbeat, decode_event
from domain.feature_message import HistoryMessage, WatermarkMessage, decode_message
from domain.topics import BY_NAME, DEAD_LETTER

HIDDEN = {"id", "version", "event_time", "producer"}
POLL_S = 0.5
SHOWN_CHARACTERS = 400


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`number` messages, 0 for no end; heartbeats and watermarks only when asked for."""

    topic: str
    from_beginning: bool = False
    number: int = 0
    heartbeats: bool = False


def tail(home: Home, env: Mapping[str, str], wanted: Wanted) -> None:
    if wanted.topic not in BY_NAME:
        raise StackError(f"There is no topic {wanted.topic}. There are: {', '.join(sorted(BY_NAME))}.")
    bootstrap = env.get("FAREGATE_KAFKA") or running(home).urls["kafka"]
    console = Console(soft_wrap=True)
    consumer = _consumer(bootstrap, wanted.topic, from_beginning=wanted.from_beginning)
    shown = 0
    try:
        while wanted.number == 0 or shown < wanted.number:
            record = consumer.poll(POLL_S)
            if record is not None and record.error() is None and (wanted.heartbeats or not is_beat(record)):
                console.print(line(record), highlight=False)
                shown += 1
    except KeyboardInterrupt:
        return
    finally:
        consumer.close()


def is_beat(record: Any) -> bool:
    """Whether it only says that the stream goes on."""
    raw = record.value() or b""
    try:
        if record.topic().startswith("features."):
            return isinstance(decode_message(raw), WatermarkMessage)
        return isinstance(decode_event(raw, record.timestamp()[1]), Heartbeat)
    except (EventRefused, msgspec.DecodeError):
        return False


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

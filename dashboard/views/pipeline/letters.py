"""Dead letters: what could not be read, where it stands, and who has sent it again."""

import time
from collections.abc import Iterable, Mapping

from confluent_kafka import TopicPartition
from msgspec import DecodeError, Struct, json

from app.card_numbers import holds_card_number
from app.desk.audit import Told
from app.desk.dead_letters import Place, Record
from app.desk.event_stream import consuming
from domain.display import count
from domain.topics import DEAD_LETTER
from flink_jobs.dead_letter import DeadLetter

MOST = 50
READ_LIMIT_S = 1.2
SHOWN_BYTES = 64 * 1024
REASONS = {
    "empty": "has no content",
    "too_large": "is too large",
    "invalid": "lacks a field or holds a wrong one",
    "unknown_type": "is of a type that this release does not know",
    "unknown_version": "is of a version that this release does not know",
    "not_json": "is no JSON",
    "future": "is from the future",
    "past": "is from long ago",
    "wrong_topic": "does not belong into its topic",
}


class Letter(Struct, frozen=True, kw_only=True):
    """`at_ms` is when it was found unreadable, `told_ms` when the message itself came."""

    source: Place
    at_ms: int
    told_ms: int
    reason: str
    detail: str


class Shown(Struct, frozen=True, kw_only=True):
    """What may be seen of a message: `text` is None where it may not, and `why_not` says why."""

    text: str | None
    why_not: str = ""


def newest(bootstrap: str, most: int = MOST) -> list[Letter]:
    """The newest first; raises StreamUnavailable."""
    letters: list[Letter] = []
    with consuming(bootstrap) as consumer:
        place = TopicPartition(DEAD_LETTER.name, 0)
        first, end = consumer.get_watermark_offsets(place, READ_LIMIT_S)
        consumer.assign([TopicPartition(DEAD_LETTER.name, 0, max(first, end - most))])
        until, at = time.monotonic() + READ_LIMIT_S, max(first, end - most)
        while at < end and time.monotonic() < until:
            for message in consumer.consume(most, 0.2):
                if not message.error():
                    at = message.offset() + 1
                    letters.extend(_letter(message.value(), message.timestamp()[1]))
    return letters[::-1]


def shown(record: Record | None) -> Shown:
    """A message that nobody could read may hold anything."""
    if record is None:
        return Shown(text=None, why_not="Kafka keeps this message no more.")
    if record.value is None:
        return Shown(text="", why_not="")
    if len(record.value) > SHOWN_BYTES:
        size = count(len(record.value))
        return Shown(
            text=None, why_not=f"It has {size} bytes; no event of more than {count(SHOWN_BYTES)} is read."
        )
    text = record.value.decode(errors="replace")
    if holds_card_number(text):
        return Shown(
            text=None,
            why_not="It holds what looks like a card number, so it is not shown. Whoever produced it "
            "must send it again without.",
        )
    return Shown(text=text)


def reason_in_words(letter: Letter) -> str:
    return REASONS.get(letter.reason, letter.reason.replace("_", " "))


def sent_again(deeds: Iterable[Told]) -> Mapping[str, Told]:
    """By the place of the message, the newest deed."""
    found: dict[str, Told] = {}
    for deed in deeds:
        found.setdefault(deed.subject, deed)
    return found


def _letter(value: bytes | None, at_ms: int) -> list[Letter]:
    """Nothing of what is no dead letter of ours."""
    try:
        told = json.decode(value or b"", type=DeadLetter)
    except DecodeError:
        return []
    source = Place(topic=told.topic, partition=told.partition, offset=told.offset)
    return [
        Letter(
            source=source, at_ms=at_ms, told_ms=told.record_time_ms, reason=told.reason, detail=told.detail
        )
    ]

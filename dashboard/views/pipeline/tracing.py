"""Finds in Kafka what a decision knew: the newest event of its card and rider, and the history made of it."""

import time

from confluent_kafka import Consumer, TopicPartition
from msgspec import DecodeError

from app.desk.dead_letters import StreamUnavailable
from app.desk.event_stream import EventStream, consuming
from dashboard.views.pipeline import followed
from dashboard.views.pipeline.followed import Followed, Told, Version
from dashboard.views.pipeline.reader import PipelineReader
from dashboard.views.pipeline.readings import Kept
from domain.feature_message import HistoryMessage, decode_message
from domain.topics import features_topic

LIMIT_S = 0.9
BATCH = 500
NO_KAFKA = "Nobody told this console where Kafka is (FAREGATE_KAFKA), so no event can be looked up."
NO_HISTORY = "The stream knew neither its card nor its rider: this decision rests on the request alone."
GONE = "Kafka keeps the events that this decision knew no more: they are older than the topics' retention."


def follow(reader: PipelineReader, bootstrap: str | None, kept: Kept) -> Followed:
    """Raises ReadingsUnavailable; a Kafka that is away is told in `missing`."""
    places = followed.newest_of(followed.places_of(kept))
    if not places:
        return Followed(kept=kept, steps=[], missing=NO_HISTORY)
    if bootstrap is None:
        return Followed(kept=kept, steps=[], missing=NO_KAFKA)
    rows = reader.rows(kept)
    try:
        found = EventStream(bootstrap).read_all(places)
        if not found:
            return Followed(kept=kept, steps=[], missing=GONE)
        place, message = max(found.items(), key=lambda told: (told[1].timestamp()[1], told[0].offset))
        record = Told(place=place, value=message.value(), time_ms=message.timestamp()[1])
        version = followed.version_of(kept, place)
        published_ms = _published_ms(bootstrap, version, record.time_ms) if version else None
    except StreamUnavailable:
        missing = (
            "Kafka does not answer, so the event cannot be looked up. `faregate status` says what is down."
        )
        return Followed(kept=kept, steps=[], missing=missing)
    return Followed(kept=kept, steps=followed.story(kept, record, version, published_ms, rows))


def _published_ms(bootstrap: str, version: Version, since_ms: int) -> float | None:
    """When Flink told this version of the history; None where only newer ones are kept."""
    topic = features_topic(version.kind)
    with consuming(bootstrap) as consumer:
        starts = consumer.offsets_for_times(
            [TopicPartition(topic.name, number, since_ms) for number in range(topic.partitions)], LIMIT_S
        )
        consumer.assign([start for start in starts if start.offset >= 0])
        return _found_ms(consumer, version)


def _found_ms(consumer: Consumer, version: Version) -> float | None:
    key, until = version.entity_id.encode(), time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        for message in consumer.consume(BATCH, 0.1):
            if message.error() or message.key() != key:
                continue
            told = _history(message.value())
            if told and (told.epoch, told.version) == (version.epoch, version.version):
                return float(message.timestamp()[1])
    return None


def _history(value: bytes) -> HistoryMessage | None:
    try:
        told = decode_message(value)
    except DecodeError:
        return None
    return told if isinstance(told, HistoryMessage) else None

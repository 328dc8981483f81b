"""The records that tell links: from the raw archive where nothing was read yet, and from Kafka."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from confluent_kafka import Consumer, Message, TopicPartition

from domain.display import count
from domain.links import LINK_TOPICS
from domain.raw_record import RawRecord
from domain.topics import source_number
from feature_repo.archive_consumer import arrived
from feature_repo.rings.values import Reached

log = logging.getLogger(__name__)
GROUP = "faregate-rings"  # for the broker's logs: places are kept in PostgreSQL
BATCH_EVENTS = 500
LINGER_S = 0.2
BROKER_WAIT_S = 10.0
PLACES = tuple((topic.name, number) for topic in LINK_TOPICS for number in range(topic.partitions))


def archived(raw: Path) -> Iterator[tuple[RawRecord, ...]]:
    """All that was ever archived of these topics, which may be more than Kafka still has."""
    if not raw.exists():
        return
    from feature_repo.raw_archive import RawArchive  # here, because Arrow is heavy and seldom needed

    names = {topic.name for topic in LINK_TOPICS}
    records = (record for record in RawArchive(raw).records() if record.topic in names)
    while batch := tuple(islice(records, BATCH_EVENTS)):
        yield batch


def open_consumer(bootstrap: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": GROUP,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
            "fetch.error.backoff.ms": 100,
            "queued.max.messages.kbytes": 16_384,
            "reconnect.backoff.max.ms": 1000,
        }
    )


def read_from(consumer: Consumer, reached: Mapping[int, Reached]) -> None:
    """Go on behind what was read."""
    places = []
    for name, number in PLACES:
        place = TopicPartition(name, number)
        first, _ = consumer.get_watermark_offsets(place, BROKER_WAIT_S)
        known = reached.get(source_number(name, number))
        place.offset = known.next_offset if known else first
        if place.offset < first:
            log.warning(
                "%s records of %s-%s are gone from Kafka unread; `python -m feature_repo.rings --rebuild` "
                "reads them from the archive", count(first - place.offset), name, number,
            )  # fmt: skip
            place.offset = first
        places.append(place)
    consumer.assign(places)


def next_batch(consumer: Consumer) -> list[RawRecord]:
    """Up to BATCH_EVENTS records, or what comes within LINGER_S; raises KafkaException."""
    return [_record(message) for message in _messages(consumer)]


def _messages(consumer: Consumer) -> Iterable[Message]:
    return arrived(consumer.consume(BATCH_EVENTS, LINGER_S))


def _record(message: Message) -> RawRecord:
    return RawRecord(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        record_time_ms=message.timestamp()[1],
        key=message.key(),
        body=message.value(),
    )

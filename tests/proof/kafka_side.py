"""The proof's own end of Kafka: records told as producers tell them, and whole topics read back."""

import time
from collections.abc import Iterable, Iterator, Sequence
from uuid import uuid4

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from event_factories import a_heartbeat

from domain.events import encode_event
from domain.raw_record import RawRecord
from domain.topics import MURMUR2, SOURCES, Topic

TIMEOUT_S = 30


class Teller:
    def __init__(self, bootstrap: str) -> None:
        quiet = {"log_level": 2, "linger.ms": 5}
        self._producer = Producer({"bootstrap.servers": bootstrap, "partitioner": MURMUR2, **quiet})
        self._failed: list[str] = []

    def tell(self, records: Iterable[RawRecord]) -> None:
        """Returns when the broker has them all."""
        for record in records:
            self._producer.produce(
                record.topic,
                record.body,
                record.key,
                timestamp=record.record_time_ms,
                on_delivery=lambda error, _: self._failed.append(str(error)) if error else None,
            )
            self._producer.poll(0)
        self._flush()

    def beat(self, at_ms: int) -> None:
        for topic in SOURCES:
            for partition in range(topic.partitions):
                body = encode_event(a_heartbeat(at_ms=at_ms, source_topic=topic.name, partition=partition))
                self._producer.produce(topic.name, body, partition=partition)
        self._flush()

    def _flush(self) -> None:
        assert self._producer.flush(TIMEOUT_S) == 0, "Kafka did not take all records"
        assert not self._failed, self._failed[:3]


def read_all(bootstrap: str, topics: Sequence[Topic]) -> Iterator[Message]:
    """Everything that stands in the topics now, in the order of each partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"proof-{uuid4().hex}", "log_level": 2})
    try:
        for topic in topics:
            for partition in range(topic.partitions):
                yield from _read_partition(consumer, TopicPartition(topic.name, partition, 0))
    finally:
        consumer.close()


def _read_partition(consumer: Consumer, place: TopicPartition) -> Iterator[Message]:
    first, end = consumer.get_watermark_offsets(place, timeout=TIMEOUT_S)
    if first == end:
        return
    consumer.assign([TopicPartition(place.topic, place.partition, first)])
    deadline = time.monotonic() + TIMEOUT_S
    while consumer.position([place])[0].offset < end:
        assert time.monotonic() < deadline, f"{place.topic}-{place.partition} ends before {end}"
        for message in consumer.consume(5_000, timeout=0.5):  # waits for as many, or for so long
            assert message.error() is None, message.error()
            yield message


def raw_record(message: Message) -> RawRecord:
    return RawRecord(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        record_time_ms=message.timestamp()[1],
        key=message.key(),
        body=message.value(),
    )

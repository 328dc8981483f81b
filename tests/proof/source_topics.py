"""The source topics of a generated city: partitions of records, each in the order it was told."""

from collections.abc import Iterator

from domain.events import (
    Event,
    Heartbeat,
    PaymentCorrected,
    PaymentDecided,
    PaymentOutcome,
    encode_event,
)
from domain.raw_record import RawRecord
from domain.topics import DECISIONS, LABELS, RIDES, SOURCES, Topic, partition_of

Place = tuple[str, int]  # topic and partition


def topic_of(event: Event) -> Topic:
    match event:
        case PaymentDecided():
            return DECISIONS
        case PaymentOutcome() | PaymentCorrected():
            return LABELS
        case _:
            return RIDES


class SourceTopics:
    def __init__(self) -> None:
        self.partitions: dict[Place, list[RawRecord]] = {
            (topic.name, partition): [] for topic in SOURCES for partition in range(topic.partitions)
        }

    def tell(self, event: Event, record_time_ms: int) -> RawRecord:
        assert not isinstance(event, Heartbeat), "a heartbeat has no rider"
        return self.put(topic_of(event), event.user_id, encode_event(event), record_time_ms)

    def put(self, topic: Topic, key: str, body: bytes, record_time_ms: int) -> RawRecord:
        return self._append(
            (topic.name, partition_of(key.encode(), topic.partitions)), key, body, record_time_ms
        )

    def tell_again(self, record: RawRecord, record_time_ms: int) -> RawRecord:
        key = (record.key or b"").decode()
        return self._append((record.topic, record.partition), key, record.body or b"", record_time_ms)

    def _append(self, place: Place, key: str, body: bytes, record_time_ms: int) -> RawRecord:
        records = self.partitions[place]
        record = RawRecord(
            topic=place[0],
            partition=place[1],
            offset=len(records),
            record_time_ms=record_time_ms,
            key=key.encode(),
            body=body,
        )
        records.append(record)
        return record

    def all(self) -> Iterator[RawRecord]:
        for records in self.partitions.values():
            yield from records

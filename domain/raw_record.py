"""A record of a source topic as it stands in Kafka, and as the archive keeps it."""

from msgspec import Struct


class RawRecord(Struct, frozen=True, kw_only=True):
    topic: str
    partition: int
    offset: int
    record_time_ms: int
    key: bytes | None
    body: bytes | None

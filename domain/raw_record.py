"""A record of a source topic as it stands in Kafka, and as the archive keeps it."""

from collections.abc import Iterable, Iterator
from heapq import merge
from operator import itemgetter

from msgspec import Struct


class RawRecord(Struct, frozen=True, kw_only=True):
    topic: str
    partition: int
    offset: int
    record_time_ms: int
    key: bytes | None
    body: bytes | None


def merged(partitions: Iterable[Iterable[RawRecord]]) -> Iterator[RawRecord]:
    """As a reader of all partitions sees them that falls behind in none; within one, offsets alone count."""
    return (record for _, record in merge(*map(_timed, partitions), key=itemgetter(0)))


def _timed(records: Iterable[RawRecord]) -> Iterator[tuple[int, RawRecord]]:
    newest_ms = 0
    for record in records:
        newest_ms = max(newest_ms, record.record_time_ms)
        yield newest_ms, record

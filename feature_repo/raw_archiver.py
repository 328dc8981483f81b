"""Every record of the source topics for the archive, as it was, but for heartbeats.

Heartbeats tell only that nothing is missing, and are most of what a quiet topic holds.
"""

from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import Message

from domain.raw_record import RawRecord
from domain.topics import BY_NAME, SOURCES, Topic
from feature_repo import raw_table
from feature_repo.archive_file import Span
from feature_repo.archive_folder import ArchiveFolder
from feature_repo.archive_subject import Chunk
from feature_repo.raw_ids import ids_of

_HEARTBEAT = "heartbeat"
_RECORD_BYTES = 500  # what a record takes beside its key and body while it waits
_MIB = 1024 * 1024


def raw_folder(archive: Path) -> ArchiveFolder:
    """Its shelves are the source topics."""
    return ArchiveFolder(archive / "raw")


class WaitingRecords:
    """One partition's records from `position` on; size is in bytes."""

    def __init__(self, topic: str, partition: int, position: int) -> None:
        self._topic, self._partition = topic, partition
        self._position = self._next_offset = position
        self._rows: list[raw_table.Row] = []
        self.size = 0

    def add(self, message: Message) -> None:
        self._next_offset = message.offset() + 1
        key, body = message.key(), message.value()
        ids = ids_of(body)
        if ids.type == _HEARTBEAT:
            return
        record = RawRecord(
            topic=self._topic,
            partition=self._partition,
            offset=message.offset(),
            record_time_ms=message.timestamp()[1],
            key=key,
            body=body,
        )
        self._rows.append((record, ids))
        self.size += _RECORD_BYTES + len(key or b"") + len(body or b"")

    def take(self, _now_ms: int, *, everything: bool = False) -> Chunk[raw_table.Row] | None:  # noqa: ARG002 - all is ready
        if self._next_offset == self._position:
            return None
        span = Span(
            topic=self._topic, partition=self._partition, first=self._position, last=self._next_offset - 1
        )
        chunk = Chunk(span=span, rows=tuple(self._rows))
        self._position, self._rows, self.size = self._next_offset, [], 0
        return chunk


class RawRecords:
    """Sizes are in bytes."""

    name = "raw-records"
    topics = SOURCES
    flush_size = 32 * _MIB
    most_size = 64 * _MIB
    waiting = WaitingRecords

    def shelf(self, topic: str) -> Topic:
        return BY_NAME[topic]

    def time_ms(self, row: raw_table.Row) -> int:
        return row[0].record_time_ms

    def write(self, _topic: str, rows: Sequence[raw_table.Row], _now_ms: int, file: Path) -> None:
        raw_table.write(rows, file)

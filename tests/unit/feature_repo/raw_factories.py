"""Kafka messages of the source topics, from defaults, and an archive that has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from domain.events import Event, encode_event, event_time_ms
from domain.topics import RIDES, SOURCES
from feature_repo.archive_filing import Filing
from feature_repo.archive_merge import Merger
from feature_repo.archive_merge_beside import MergeBeside
from feature_repo.raw_archive import RawArchive
from feature_repo.raw_archiver import RawRecords, raw_folder
from feature_repo.raw_table import Row

TOPIC = RIDES.name
NOON_MS = 1_790_035_200_000 - 43_200_000  # of 2026-09-21
MIDNIGHT_MS = NOON_MS + 43_200_000
DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class StoredMessage:
    """Answers as confluent_kafka's Message does."""

    at: int
    time_ms: int
    body: bytes | None
    record_key: bytes | None = b"usr_a"

    def offset(self) -> int:
        return self.at

    def timestamp(self) -> tuple[int, int]:
        return (1, self.time_ms)

    def key(self) -> bytes | None:
        return self.record_key

    def value(self) -> bytes | None:
        return self.body


def a_message(offset: int, event: Event | bytes | None, time_ms: int | None = None) -> StoredMessage:
    body = event if isinstance(event, bytes | None) else encode_event(event)
    own_ms = NOON_MS if isinstance(event, bytes | None) else event_time_ms(event)
    return StoredMessage(at=offset, time_ms=own_ms if time_ms is None else time_ms, body=body)


class Archiving:
    """The archive of one folder, as the archiver drives it; a new one is a start after a crash."""

    def __init__(self, root: Path, *, now_ms: int = NOON_MS) -> None:
        self.folder = raw_folder(root)
        self.now_ms = now_ms
        self.filing: Filing[Row] = Filing(RawRecords(), self.folder, lambda: self.now_ms)
        self.merger = Merger(MergeBeside(), self.folder, SOURCES, lambda: self.now_ms)
        self.archive = RawArchive(self.folder.root)

    def take(
        self,
        messages: Iterable[StoredMessage],
        *,
        topic: str = TOPIC,
        partition: int = 0,
        at_once: int = 1_000,
    ) -> None:
        """The topic's partition holds the messages; whatever is not in files yet goes there."""
        held = list(messages)
        end = max((message.offset() + 1 for message in held), default=0)
        position = self.filing.settle(topic, partition, 0, end)
        waiting = RawRecords.waiting(topic, partition, position)
        new = [message for message in held if message.offset() >= position]
        for start in range(0, len(new), at_once):
            for message in new[start : start + at_once]:
                waiting.add(message)
            self.filing.file([waiting])

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.root.rglob("*.parquet"))

    def offsets(self) -> list[int]:
        return [record.offset for record in self.archive.records()]

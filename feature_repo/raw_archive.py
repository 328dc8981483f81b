"""Reading the raw archive: what replay folds again."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import takewhile
from pathlib import Path

from msgspec import json

from domain.links import LINK_TOPICS, LINK_TYPES
from domain.raw_record import RawRecord, merged
from domain.topics import SOURCES, Topic
from feature_repo.archive_file import ArchiveFile, current
from feature_repo.archive_folder import ArchiveFolder
from feature_repo.raw_filter import Entities, RawFilter
from feature_repo.raw_table import records_of

PARTITIONS = tuple(
    (topic, number)
    for topic in sorted(SOURCES, key=lambda topic: topic.name)
    for number in range(topic.partitions)
)


@dataclass(frozen=True)
class RawArchive:
    """`root` holds a folder for each source topic.

    Of the arguments that choose records, times are the records' own, `until_ms` is left out, and `entities`
    names ids by column, as in {"user_id": {…}, "zone_id": {…}}: a record that has any of them is among the
    answers. None means all.
    """

    root: Path

    @property
    def _folder(self) -> ArchiveFolder:
        return ArchiveFolder(self.root)

    def end_positions(self) -> dict[tuple[str, int], int]:
        """The first offset of each topic and partition that is not archived yet."""
        return {
            (topic.name, number): self._folder.position(topic, topic.name, number)
            for topic, number in PARTITIONS
        }

    def records(
        self, from_ms: int | None = None, until_ms: int | None = None, entities: Entities | None = None
    ) -> Iterator[RawRecord]:
        """Merged by time, each partition in its order, up to what `end_positions` are at the call."""
        wanted = RawFilter(from_ms=from_ms, until_ms=until_ms, entities=entities)
        ends = self.end_positions()
        return merged(self._of_partition(*place, ends, wanted) for place in PARTITIONS)

    def link_records(self, since: Mapping[tuple[str, int], int]) -> Iterator[RawRecord]:
        """Records of events that tell links, from these offsets on, one partition after the other."""
        ends = self.end_positions()
        for topic, number in PARTITIONS:
            if topic in LINK_TOPICS:
                first = since.get((topic.name, number), 0)
                wanted = RawFilter(types=LINK_TYPES, first_offset=first)
                yield from self._of_partition(topic, number, ends, wanted)

    def export_json_lines(
        self,
        out: Path,
        from_ms: int | None = None,
        until_ms: int | None = None,
        entities: Entities | None = None,
    ) -> int:
        """Writes <topic>-<partition>.jsonl for each partition that has any, and returns how many records.

        A line has topic, partition, offset, record_time_ms and the body as base64, null where there was none.
        """
        wanted = RawFilter(from_ms=from_ms, until_ms=until_ms, entities=entities)
        ends, written = self.end_positions(), 0
        out.mkdir(parents=True, exist_ok=True)
        for topic, number in PARTITIONS:
            lines = map(_json_line, self._of_partition(topic, number, ends, wanted))
            if first := next(lines, None):
                with (out / f"{topic.name}-{number}.jsonl").open("wb") as file:
                    file.write(first)
                    written += 1 + sum(1 for line in lines if file.write(line))
        return written

    def _of_partition(
        self, topic: Topic, number: int, ends: Mapping[tuple[str, int], int], wanted: RawFilter
    ) -> Iterator[RawRecord]:
        end = ends[topic.name, number]
        with self._folder.reading(topic):
            files = current(self._folder.files(topic, topic.name, number))
            # A file that was merged since may reach past the end.
            archived = [file for file in files if file.span.first < end and wanted.wants_file(file)]
            yield from takewhile(lambda record: record.offset < end, _by_offset(archived, wanted))


def _by_offset(files: Iterable[ArchiveFile], wanted: RawFilter) -> Iterator[RawRecord]:
    """A span may have a file on each side of midnight; a file is opened when its first offset is reached."""
    heads: list[tuple[int, RawRecord, Iterator[RawRecord]]] = []
    for file in files:
        yield from _up_to(file.span.first, heads)
        records = (record for table in wanted.tables(file.path) for record in records_of(table))
        _push(heads, records)
    yield from _up_to(None, heads)


def _up_to(
    offset: int | None, heads: list[tuple[int, RawRecord, Iterator[RawRecord]]]
) -> Iterator[RawRecord]:
    while heads and (offset is None or heads[0][0] < offset):
        _, record, rest = heappop(heads)
        yield record
        _push(heads, rest)


def _push(heads: list[tuple[int, RawRecord, Iterator[RawRecord]]], records: Iterator[RawRecord]) -> None:
    if record := next(records, None):
        heappush(heads, (record.offset, record, records))


def _json_line(record: RawRecord) -> bytes:
    line = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "record_time_ms": record.record_time_ms,
        "body": record.body,
    }
    return json.encode(line) + b"\n"

"""Fewer, larger files: neighbours of one day and partition become one file that covers their offsets."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from pyarrow import parquet

from feature_repo.archive_file import ArchiveFile, Span, current, put
from feature_repo.archive_folder import ArchiveFolder, Shelf
from feature_repo.archive_subject import day_name

log = logging.getLogger(__name__)
_MIB = 1024 * 1024
LARGE_BYTES = 64 * _MIB
ROW_GROUP_ROWS = 20_000
ROW_GROUP_BYTES = 16 * _MIB


@dataclass(frozen=True, kw_only=True)
class Rule:
    """So many neighbours, each smaller than so many bytes, are worth a merge."""

    least_files: int
    below_bytes: int


DAY_OVER = Rule(least_files=2, below_bytes=LARGE_BYTES)


class Outcome(Enum):
    MERGED = auto()
    TIDY = auto()
    LATER = auto()


class Way(Protocol):
    """How merged files come into the place of their parts."""

    @property
    def day_open(self) -> Rule:
        """For a day that still grows."""

    def merge_in(self, folder: ArchiveFolder, shelf: Shelf, day: Path, rule: Rule) -> Outcome: ...


class Merger:
    """Works in the thread that adds the files, between additions."""

    def __init__(
        self, way: Way, folder: ArchiveFolder, shelves: Sequence[Shelf], now_ms: Callable[[], int]
    ) -> None:
        self._way = way
        self._folder = folder
        self._shelves = shelves
        self._now_ms = now_ms
        self._tidy: dict[Path, tuple[int, Rule]] = {}

    def step(self) -> bool:
        """Merge in one folder at most, and say whether there was something to merge."""
        today = f"day={day_name(self._now_ms())}"
        for shelf in self._shelves:
            for day in self._folder.days(shelf):
                rule = self._way.day_open if day.name >= today else DAY_OVER
                if self._tidy.get(day) == (day.stat().st_mtime_ns, rule):
                    continue
                outcome = self._merge_in(shelf, day, rule)
                if outcome is Outcome.MERGED:
                    return True
                if outcome is Outcome.TIDY:
                    self._tidy[day] = (day.stat().st_mtime_ns, rule)
        return False

    def _merge_in(self, shelf: Shelf, day: Path, rule: Rule) -> Outcome:
        try:
            return self._way.merge_in(self._folder, shelf, day, rule)
        except pa.ArrowException as problem:
            log.warning("archive: %s is left as it is: %s", day, problem)
            return Outcome.TIDY


def runs(files: Iterable[ArchiveFile], rule: Rule) -> Iterator[list[ArchiveFile]]:
    """Of a day's files, the neighbours to merge, up to a size at which they stay as they are."""
    by_partition: dict[tuple[str, int], list[ArchiveFile]] = defaultdict(list)
    for file in current(files):
        by_partition[file.span.topic, file.span.partition].append(file)
    for neighbours in by_partition.values():
        yield from (run for run in _small_runs(neighbours, rule) if len(run) >= rule.least_files)


def _small_runs(neighbours: Iterable[ArchiveFile], rule: Rule) -> Iterator[list[ArchiveFile]]:
    run: list[ArchiveFile] = []
    total = 0
    for file in neighbours:
        size = file.path.stat().st_size
        if size >= rule.below_bytes or total >= LARGE_BYTES:
            yield run
            run, total = [], 0
        if size < rule.below_bytes:
            run.append(file)
            total += size
    yield run


def merge(run: Sequence[ArchiveFile], into: Path) -> None:
    """One file of a run's rows in their order, in the folder `into`; its parts are still there."""
    first, last = run[0].span, run[-1].span
    span = Span(topic=first.topic, partition=first.partition, first=first.first, last=last.last)
    put(into / span.file_name, partial(_write_merged, [part.path for part in run]))


def _write_merged(parts: Sequence[Path], file: Path) -> None:
    """A column that a part does not have yet is null there, as it is to who reads the part."""
    schema = pa.unify_schemas([parquet.read_schema(part) for part in parts])
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for table in _row_groups(parts, schema):
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)


def _row_groups(parts: Iterable[Path], schema: Any) -> Iterator[Any]:
    """Tables of a row group's size or more, and what is left at the end."""
    gathered, rows, size = [schema.empty_table()], 0, 0
    for table in (table for part in parts for table in _tables(part)):
        gathered.append(table)
        rows, size = rows + table.num_rows, size + table.nbytes
        if rows >= ROW_GROUP_ROWS or size >= ROW_GROUP_BYTES:
            yield pa.concat_tables(gathered, promote_options="default")
            gathered, rows, size = [schema.empty_table()], 0, 0
    if rows:
        yield pa.concat_tables(gathered, promote_options="default")


def _tables(part: Path) -> Iterator[Any]:
    with parquet.ParquetFile(part) as source:
        for group in range(source.num_row_groups):
            yield source.read_row_group(group)

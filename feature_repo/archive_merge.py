"""Fewer, larger files: neighbours of one day and partition become one file that covers their offsets.

The merged file takes its place beside the files it is made of, which go afterwards; until then whoever reads
leaves them out by `archive_file.current`. So a crash at any moment loses nothing and doubles nothing. This is
not for a shelf that Feast reads, for Feast reads whatever it finds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from feature_repo.archive_file import ArchiveFile, Span, current, put
from feature_repo.archive_folder import ArchiveFolder, Shelf
from feature_repo.archive_subject import day_name

_MIB = 1024 * 1024
LARGE_BYTES = 64 * _MIB
ROW_GROUP_ROWS = 20_000
ROW_GROUP_BYTES = 16 * _MIB


@dataclass(frozen=True, kw_only=True)
class Rule:
    """So many neighbours, each smaller than so many bytes, are worth a merge."""

    least_files: int
    below_bytes: int


DAY_OPEN = Rule(least_files=16, below_bytes=_MIB)
DAY_OVER = Rule(least_files=2, below_bytes=LARGE_BYTES)


class Merger:
    """Works in the thread that adds the files, between additions."""

    def __init__(self, folder: ArchiveFolder, shelves: Sequence[Shelf], now_ms: Callable[[], int]) -> None:
        self._folder = folder
        self._shelves = shelves
        self._now_ms = now_ms
        self._tidy: dict[Path, tuple[int, Rule]] = {}

    def step(self) -> bool:
        """Make one merged file at most, and say whether one was made."""
        today = f"day={day_name(self._now_ms())}"
        for shelf in self._shelves:
            for day in self._folder.days(shelf):
                rule = DAY_OPEN if day.name >= today else DAY_OVER
                if self._tidy.get(day) != (day.stat().st_mtime_ns, rule) and self._step_in(shelf, day, rule):
                    return True
        return False

    def _step_in(self, shelf: Shelf, day: Path, rule: Rule) -> bool:
        files = self._folder.archived(shelf, day)
        run = next(runs(current(files), rule), None)
        if run:
            merge(run)
            files = self._folder.archived(shelf, day)
        if self._folder.remove_merged(shelf, files) and not run:
            self._tidy[day] = (day.stat().st_mtime_ns, rule)
        return bool(run)


def runs(files: Iterable[ArchiveFile], rule: Rule) -> Iterator[list[ArchiveFile]]:
    """Of a day's files, by offset: the neighbours to merge, up to a size at which they stay as they are."""
    by_partition: dict[tuple[str, int], list[ArchiveFile]] = defaultdict(list)
    for file in files:
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


def merge(run: Sequence[ArchiveFile]) -> Path:
    """One file of a run's rows in their order; its parts are still there."""
    first, last = run[0].span, run[-1].span
    span = Span(topic=first.topic, partition=first.partition, first=first.first, last=last.last)
    file = run[0].path.with_name(span.file_name)
    put(file, partial(_write_merged, [part.path for part in run]))
    return file


def _write_merged(parts: Sequence[Path], file: Path) -> None:
    schema = parquet.read_schema(parts[0])
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for table in _row_groups(parts):
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)


def _row_groups(parts: Iterable[Path]) -> Iterator[Any]:
    """Tables of a row group's size or more, and what is left at the end."""
    gathered: list[Any] = []
    for table in (table for part in parts for table in _tables(part)):
        gathered.append(table)
        rows, size = sum(t.num_rows for t in gathered), sum(t.nbytes for t in gathered)
        if rows >= ROW_GROUP_ROWS or size >= ROW_GROUP_BYTES:
            yield pa.concat_tables(gathered)
            gathered = []
    if gathered:
        yield pa.concat_tables(gathered)


def _tables(part: Path) -> Iterator[Any]:
    with parquet.ParquetFile(part) as source:
        for group in range(source.num_row_groups):
            yield source.read_row_group(group)

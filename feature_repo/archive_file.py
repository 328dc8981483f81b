"""A file of the archive: what its name says, and how it takes its place whole or not at all."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_NAME = re.compile(r"(?P<topic>.+)-(?P<partition>\d+)-(?P<first>\d+)-(?P<last>\d+)\.parquet")


@dataclass(frozen=True, kw_only=True, order=True)
class Span:
    """Offsets of one partition, both ends included."""

    topic: str
    partition: int
    first: int
    last: int

    @classmethod
    def of_name(cls, file_name: str) -> Self | None:
        """None for a name that no file of the archive has."""
        if not (name := _NAME.fullmatch(file_name)):
            return None
        topic, *numbers = name.groups()
        partition, first, last = map(int, numbers)
        return cls(topic=topic, partition=partition, first=first, last=last)

    @property
    def file_name(self) -> str:
        return f"{self.topic}-{self.partition}-{self.first:012d}-{self.last:012d}.parquet"

    def covers(self, other: "Span") -> bool:
        same = (self.topic, self.partition) == (other.topic, other.partition)
        return same and self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, kw_only=True)
class ArchiveFile:
    """It holds every archived record of its day and partition whose offset is in the span."""

    path: Path
    span: Span

    @property
    def day(self) -> str:
        return self.path.parent.name.removeprefix("day=")


def current(files: Iterable[ArchiveFile]) -> list[ArchiveFile]:
    """The files, by offset, without those whose records stand in a merged one of the same day as well."""
    chosen: list[ArchiveFile] = []
    newest: dict[tuple[Path, str, int], Span] = {}
    for file in sorted(files, key=lambda file: (file.span.first, -file.span.last)):
        place = (file.path.parent, file.span.topic, file.span.partition)
        if place not in newest or not newest[place].covers(file.span):
            chosen.append(file)
            newest[place] = file.span
    return chosen


def put(file: Path, write: Callable[[Path], object]) -> None:
    """`write` fills a file that takes its place, whole, once it is on the disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name.removeprefix('.')}.part")
    write(part)
    sync(part)
    part.replace(file)
    sync(file.parent)


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""The archive's files: where they are, what their names say, and how far each partition has been archived.

A view's folder holds `day=YYYY-MM-DD/<topic>-<partition>-<first offset>-<last offset>.parquet`. A partition's
position is the offset up to which everything is in files. Files are put in place first and the position after
them, so files that begin at or past it are what a crash left behind: they are removed and written again.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from feature_repo.views import View

_NAME = re.compile(r"(?P<first>\d+)-(?P<last>\d+)\.parquet$")


@dataclass(frozen=True, kw_only=True)
class Span:
    """Offsets of one partition, both ends included."""

    topic: str
    partition: int
    first: int
    last: int

    @property
    def file_name(self) -> str:
        return f"{self.topic}-{self.partition}-{self.first:012d}-{self.last:012d}.parquet"


@dataclass(frozen=True)
class ArchiveFolder:
    root: Path

    def of_view(self, view: View) -> Path:
        return self.root / view.name

    def position(self, view: View, topic: str, partition: int) -> int:
        try:
            return int(self._position_file(view, topic, partition).read_text())
        except FileNotFoundError:
            return 0

    def set_position(self, view: View, topic: str, partition: int, next_offset: int) -> None:
        content = f"{next_offset}\n".encode()
        _put(self._position_file(view, topic, partition), lambda part: part.write_bytes(content))

    def add(self, view: View, day: str, span: Span, write: Callable[[Path], object]) -> None:
        """`write` fills a file that takes its place, whole, once it is on the disk."""
        _put(self.of_view(view) / f"day={day}" / span.file_name, write)

    def remove_leftovers(self, view: View, topic: str, partition: int) -> int:
        """Remove what a crash left past the position, and say how many files that was."""
        position = self.position(view, topic, partition)
        left = [file for file, first, _ in self._files(view, topic, partition) if first >= position]
        for file in left:
            file.unlink()
        return len(left)

    def set_aside(self, view: View, topic: str, partition: int, log_end: int) -> int:
        """Move files of messages that the topic has lost out of Feast's sight, and go on from its end."""
        gone = [file for file, _, last in self._files(view, topic, partition) if last >= log_end]
        for file in gone:
            place = self.root / "set-aside" / file.relative_to(self.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            file.rename(place)
        self.set_position(view, topic, partition, log_end)
        return len(gone)

    def _files(self, view: View, topic: str, partition: int) -> Iterator[tuple[Path, int, int]]:
        for file in self.of_view(view).glob(f"day=*/{topic}-{partition}-*.parquet"):
            if name := _NAME.search(file.name):
                yield file, int(name["first"]), int(name["last"])

    def _position_file(self, view: View, topic: str, partition: int) -> Path:
        return self.of_view(view) / f".{topic}-{partition}.position"


def _put(file: Path, write: Callable[[Path], object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name.removeprefix('.')}.part")
    write(part)
    _sync(part)
    part.replace(file)
    _sync(file.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

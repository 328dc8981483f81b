"""The archive's folder: its shelves, and how far each partition has been archived.

A shelf (a Feast view, or a source topic) holds `day=YYYY-MM-DD/<topic>-<partition>-<first offset>-<last
offset>.parquet`. A partition's position is the offset up to which everything is in files. Files are put in
place first and the position after them, so files that begin at or past it are what a crash left behind: they
are removed and written again.
"""

import fcntl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from feature_repo.archive_file import ArchiveFile, Span, current, put
from feature_repo.views import View

__all__ = ["ArchiveFolder", "Shelf", "Span"]


class Shelf(Protocol):
    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class ArchiveFolder:
    root: Path

    def of_view(self, view: View) -> Path:
        """What Feast reads."""
        return self.of(view)

    def of(self, shelf: Shelf) -> Path:
        return self.root / shelf.name

    def position(self, shelf: Shelf, topic: str, partition: int) -> int:
        try:
            return int(self._position_file(shelf, topic, partition).read_text())
        except FileNotFoundError:
            return 0

    def set_position(self, shelf: Shelf, topic: str, partition: int, next_offset: int) -> None:
        content = f"{next_offset}\n".encode()
        put(self._position_file(shelf, topic, partition), lambda part: part.write_bytes(content))

    def topic_id(self, shelf: Shelf, topic: str) -> str | None:
        """Which topic of that name the files are of; None when nobody has said so yet."""
        try:
            return self._topic_id_file(shelf, topic).read_text().strip()
        except FileNotFoundError:
            return None

    def set_topic_id(self, shelf: Shelf, topic: str, topic_id: str) -> None:
        put(self._topic_id_file(shelf, topic), lambda part: part.write_text(f"{topic_id}\n"))

    def add(self, shelf: Shelf, day: str, span: Span, write: Callable[[Path], object]) -> None:
        put(self.of(shelf) / f"day={day}" / span.file_name, write)

    def files(self, shelf: Shelf, topic: str, partition: int) -> list[ArchiveFile]:
        """All that are there, those past the position and those that were merged among them."""
        return _files(self.of(shelf).glob(f"day=*/{topic}-{partition}-*.parquet"))

    def days(self, shelf: Shelf) -> list[Path]:
        return sorted(self.of(shelf).glob("day=*"))

    def archived(self, shelf: Shelf, day: Path) -> list[ArchiveFile]:
        """A day's files up to the positions."""
        ends: dict[tuple[str, int], int] = {}
        files = _files(day.glob("*.parquet"))
        for place in {(file.span.topic, file.span.partition) for file in files}:
            ends[place] = self.position(shelf, *place)
        return [file for file in files if file.span.last < ends[file.span.topic, file.span.partition]]

    def remove_leftovers(self, shelf: Shelf, topic: str, partition: int) -> int:
        """Remove what a crash left past the position, and say how many files that was."""
        position = self.position(shelf, topic, partition)
        left = [file for file in self.files(shelf, topic, partition) if file.span.first >= position]
        for file in left:
            file.path.unlink()
        for half_written in self.of(shelf).glob(f"day=*/.{topic}-{partition}-*.part"):
            half_written.unlink()
        return len(left)

    def remove_merged(self, shelf: Shelf, files: Sequence[ArchiveFile]) -> bool:
        """Remove the files whose records stand in a merged one; False when somebody reads, and they stay."""
        merged = set(files) - set(current(files))
        with self._nobody_reading(shelf) as alone:
            for file in merged if alone else ():
                file.path.unlink()
        return alone

    def set_aside(self, shelf: Shelf, topic: str, partition: int, log_end: int) -> int:
        """Move files of messages that the topic has lost out of sight, and say how many files that was.

        A file may hold messages from both sides of the topic's end: what the topic still has is read again.
        """
        position, files = log_end, self.files(shelf, topic, partition)
        while cut := [file.span.first for file in files if file.span.first < position <= file.span.last]:
            position = min(cut)
        gone = [file for file in files if file.span.first >= position]
        for file in gone:
            place = self.root / "set-aside" / file.path.relative_to(self.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            place.hardlink_to(file.path)
        self.set_position(shelf, topic, partition, position)
        self.remove_leftovers(shelf, topic, partition)
        return len(gone)

    @contextmanager
    def reading(self, shelf: Shelf) -> Iterator[None]:
        """No file of the shelf up to its positions goes away meanwhile."""
        self.of(shelf).mkdir(parents=True, exist_ok=True)
        with self._lock_file(shelf).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    @contextmanager
    def _nobody_reading(self, shelf: Shelf) -> Iterator[bool]:
        """False, at once, when somebody is; nobody begins to while it is True."""
        with self._lock_file(shelf).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _lock_file(self, shelf: Shelf) -> Path:
        return self.of(shelf) / ".readers.lock"

    def _topic_id_file(self, shelf: Shelf, topic: str) -> Path:
        return self.of(shelf) / f".{topic}.id"

    def _position_file(self, shelf: Shelf, topic: str, partition: int) -> Path:
        return self.of(shelf) / f".{topic}-{partition}.position"


def _files(paths: Iterable[Path]) -> list[ArchiveFile]:
    return [ArchiveFile(path=path, span=span) for path in paths if (span := Span.of_name(path.name))]

"""The heads of the seals in a file outside the database, so that whoever rewrites the chain is found out."""

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import DecodeError, Struct, json

from app.keeper.seal import Position, Seal

TAIL_BYTES = 64 << 10  # holds at least one line
MOST_LINE_BYTES = 4 << 10


class Head(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line; `head` is in hexadecimal. It says enough to make the seal again from the ledger's rows."""

    number: int
    format: int
    rows: int
    to_xact: int
    to_id: str
    sealed_at_ms: int
    head: str

    @property
    def end(self) -> Position:
        return Position(self.to_xact, self.to_id)


def head_line(seal: Seal) -> Head:
    return Head(
        number=seal.number,
        format=seal.format,
        rows=seal.rows,
        to_xact=seal.to_xact,
        to_id=seal.to_id,
        sealed_at_ms=seal.sealed_at_ms,
        head=seal.head.hex(),
    )


class HeadsFile:
    """One JSON object a line, only ever appended to. Methods raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, head: Head) -> None:
        """Returns when the line is on disk."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            begun = os.fstat(descriptor).st_size
            line = json.encode(head) + b"\n"
            if os.write(descriptor, line) != len(line):
                os.ftruncate(descriptor, begun)
                raise OSError(f"{self.path} could not take a whole line: is the disk full?")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if begun == 0:
            _sync_folder(self.path.parent)

    def mend(self) -> bool:
        """Cut off a last line without an end, which a crash leaves; True if there was one."""
        end = self._end_of_lines()
        if end is None:
            return False
        os.truncate(self.path, end)
        return True

    def newest(self) -> Head | None:
        """The last whole line; None for an empty file or when that line cannot be read."""
        lines = self._tail().split(b"\n")[:-1]
        return read_line(lines[-1]) if lines else None

    def lines(self, start: int = 0) -> Iterator[tuple[int, Head | None]]:
        """Every whole line from a byte on, and the byte after it; None for a line that cannot be read."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(start)
            while line := file.readline(MOST_LINE_BYTES):
                if line.endswith(b"\n"):
                    yield file.tell(), read_line(line)
                elif len(line) == MOST_LINE_BYTES:
                    yield file.tell(), None

    def after(self, number: int) -> list[Head]:
        """What the file says of later seals."""
        return [head for _, head in self.lines() if head is not None and head.number > number]

    def _tail(self) -> bytes:
        if not self.path.exists():
            return b""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            return file.read()

    def _end_of_lines(self) -> int | None:
        tail = self._tail()
        torn = len(tail) - (tail.rfind(b"\n") + 1)
        return self.path.stat().st_size - torn if torn else None


def read_line(line: bytes) -> Head | None:
    try:
        return json.decode(line, type=Head)
    except DecodeError:
        return None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The one connection of a process to its host's journal."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from app.journal import sqlite_file
from app.ports import JournalBusy, JournalUnavailable

PAUSE_S = 0.000_1  # the writing of others takes about as long
LOOK_EVERY_S = 0.1  # whether the file is still the one that bears the journal's name
OPEN_AGAIN_S = 1.0
OPEN_PATIENCE_MS = 50
Result = TypeVar("Result")


class JournalFile:
    """`on_open` is told when places in the file mean nothing any more, as it may be another."""

    def __init__(self, path: Path, on_open: Callable[[], None]) -> None:
        self._path = path
        self._name = os.fspath(path)
        self._on_open = on_open
        self._cursor: sqlite3.Cursor | None = None
        self._inode = 0
        self._look_at = 0.0
        self._not_before = 0.0

    def use(self, act: Callable[[sqlite3.Cursor], Result], patience_s: float) -> Result:
        """What `act` gives; done again while others write, and so one transaction.

        A damaged file is moved aside. Raises JournalUnavailable.
        """
        until = 0.0
        while True:
            try:
                return act(self._current() or self._open())
            except sqlite3.Error as error:
                if not _is_busy(error):
                    self._after(error)
                    raise JournalUnavailable(f"{self._path} cannot be used now: {error}") from error
                until = until or time.monotonic() + patience_s
                if time.monotonic() >= until:
                    raise JournalBusy(f"{self._path} cannot be used now: {error}") from error
            except (OSError, ValueError) as error:
                raise JournalUnavailable(f"{self._path} cannot be used now: {error}") from error
            time.sleep(PAUSE_S)  # shorter than a turn of the event loop would take

    def look(self) -> None:
        """Let the next use see to it that the file is the right one."""
        self._look_at = 0.0

    def close(self) -> None:
        if self._cursor is not None:
            with suppress(sqlite3.Error):
                self._cursor.connection.close()
            self._cursor = None

    def _current(self) -> sqlite3.Cursor | None:
        """None when another process has moved a damaged file aside: one host has one journal."""
        now = time.monotonic()
        if now < self._look_at:
            return self._cursor
        self._look_at = now + LOOK_EVERY_S
        try:
            return self._cursor if os.stat(self._name).st_ino == self._inode else None
        except FileNotFoundError:
            return None

    def _open(self) -> sqlite3.Cursor:
        now = time.monotonic()
        if now < self._not_before:
            raise JournalUnavailable(f"{self._path} could not be opened a moment ago")
        self._not_before = now + OPEN_AGAIN_S
        self.close()
        self._on_open()
        connection = sqlite_file.open_file(self._path, patience_ms=OPEN_PATIENCE_MS)
        connection.execute("pragma busy_timeout = 0")  # SQLite would sleep a whole millisecond at least
        self._inode = self._path.stat().st_ino
        self._cursor = connection.cursor()
        self._not_before = 0.0
        return self._cursor

    def _after(self, error: sqlite3.Error) -> None:
        if sqlite_file.is_damage(error) and self._cursor is not None:
            sqlite_file.move_aside(self._path, self._inode, str(error))
            self.look()


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY

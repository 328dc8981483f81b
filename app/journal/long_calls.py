"""What takes SQLite longer than a decision may wait."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from app.journal import entries
from app.journal.sqlite_file import connect, is_damage, log_of, move_aside

COMMITS = 1_000  # of this process between two checkpoints: some 20 MB of log
TRIES = 3
MOST_LOG_BYTES = 128 << 20
PATIENCE_MS = 200
Result = TypeVar("Result")


class LongCalls:
    """In a thread, which leaves the interpreter to the event loop while SQLite works; one at a time.

    All raise sqlite3.Error and OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._using = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._commits = COMMITS  # what a process that ended badly left is copied at the first turn

    def count_commit(self) -> None:
        self._commits += 1

    @property
    def checkpoint_due(self) -> bool:
        return self._commits >= COMMITS

    async def checkpoint(self) -> None:
        """Copy the log into the file while claims go on."""
        self._commits = 0
        await asyncio.to_thread(self._call, self._checkpoint)

    async def count_waiting(self, most: int) -> int:
        return await asyncio.to_thread(self._call, lambda connection: entries.count_waiting(connection, most))

    def close(self) -> None:
        """Waits for a call that runs."""
        with self._using:
            self._disconnect()

    def _call(self, act: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._using:
            connection = self._connected()
            try:
                return act(connection)
            except sqlite3.Error as error:
                if is_damage(error):
                    move_aside(self._path, self._inode, str(error))
                raise

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        copy_log(connection)
        if log_of(self._path).stat().st_size > MOST_LOG_BYTES:
            _cut_log(connection)

    def _connected(self) -> sqlite3.Connection:
        inode = self._path.stat().st_ino
        if self._connection is None or inode != self._inode:
            self._disconnect()
            self._connection = connect(self._path, patience_ms=PATIENCE_MS)
            self._inode = inode
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def copy_log(connection: sqlite3.Connection) -> bool:
    """Hinders nobody; True when all of the log was copied, for only then is it begun anew.

    A claim in between spoils a try, and the next has little left to copy.
    """
    return any(copy_once(connection.cursor()) for _ in range(TRIES))


def copy_once(cursor: sqlite3.Cursor) -> bool:
    _busy, logged, copied = cursor.execute("pragma wal_checkpoint(passive)").fetchone()
    return bool(logged == copied)


def _cut_log(connection: sqlite3.Connection) -> None:
    """Claims find the journal busy meanwhile; on a slow disk the log would grow without end otherwise."""
    connection.execute("pragma wal_checkpoint(truncate)").fetchone()

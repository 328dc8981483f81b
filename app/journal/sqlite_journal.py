"""The journal of a host in one SQLite file that all its processes share."""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import structs

from app.journal import sqlite_file
from app.journal.packing import pack, unpack
from app.journal.sqlite_file import query
from app.journal.tender import MarkedKept, Tender
from app.ports import JournalEntry, JournalUnavailable

PATIENCE_MS = 5  # with another process's claim, before the journal counts as unavailable
OPEN_AGAIN_S = 1.0
MOST_WAITING_COUNTED = 100_000
log = logging.getLogger("faregate.journal")


class SqliteJournal:
    """Implements ports.Journal. A commit outlives the process at once, and a power cut after `secure`.

    Nothing but a claim's own commit happens on the caller's thread: checkpoints, kept entries and forgetting
    are the tender's. `now_ms` is the wall clock that entries bear.
    """

    def __init__(
        self,
        path: Path,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        patience_ms: int = PATIENCE_MS,
    ) -> None:
        self._path = path
        self._patience_ms = patience_ms
        self._using = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._not_before = 0.0
        self._syncing = asyncio.Lock()
        self._next_sync: asyncio.Task[None] | None = None
        self._marks = MarkedKept()
        self._tender = Tender(path, self._marks, now_ms)
        with suppress(JournalUnavailable), self._open():
            pass
        self._tender.start()

    def find(self, tenant: str, key: str) -> JournalEntry | None:
        marked = self._marks.get((tenant, key))
        if marked is not None:
            return marked
        with self._open() as connection:
            place = {"tenant": tenant, "key": key}
            return _entry(connection.execute(query("find"), place).fetchone())

    def claim(self, entry: JournalEntry) -> JournalEntry:
        if marked := self._marks.get((entry.tenant, entry.key)):
            return marked
        with self._open() as connection, self._tender.writing(self._patience_ms / 1000):
            connection.execute("begin immediate")
            placed = connection.execute(query("place"), structs.asdict(entry)).fetchone()
            if placed is None:
                connection.execute("rollback")
            else:
                _keep(connection, placed["id"], entry)
                connection.execute("commit")
                return entry
        return self._first(entry)

    async def secure(self) -> None:
        """Calls at the same time share a sync, but for those that came after it had begun."""
        if self._next_sync is None:
            self._next_sync = asyncio.create_task(self._sync())
        await asyncio.shield(self._next_sync)

    async def _sync(self) -> None:
        async with self._syncing:
            self._next_sync = None  # what is claimed from here on is for the next sync
            try:
                await asyncio.to_thread(sqlite_file.sync_log, self._path)
            except OSError as error:
                raise JournalUnavailable(f"{self._path} cannot be written to disk: {error}") from error

    def mark_kept(self, entry: JournalEntry) -> None:
        """Another reply than ours was told already, so it is written at once, for all processes to see."""
        kept = structs.replace(entry, row=None)
        self._marks.add(kept)
        if self._differs(kept):
            self._tender.write_now([kept])

    def pending(self, before_ms: int, limit: int) -> list[JournalEntry]:
        with self._open() as connection:
            wanted = {"before_ms": before_ms, "limit": limit + len(self._marks)}
            found = [_entry(row) for row in connection.execute(query("pending"), wanted)]
        waiting = [entry for entry in found if entry and (entry.tenant, entry.key) not in self._marks]
        return waiting[:limit]

    def waiting(self) -> int:
        """How many entries PostgreSQL may not have, counted up to 100,000."""
        with self._open() as connection:
            row = connection.execute(query("count_waiting"), {"most": MOST_WAITING_COUNTED}).fetchone()
        return int(row[0])

    def forget(self, before_ms: int) -> int:
        """Forget what PostgreSQL has and is older; says how many. The tender does so by itself."""
        with self._guarded():
            return self._tender.forget(before_ms)

    def close(self) -> None:
        """Writes what was marked kept and ends the threads."""
        self._tender.stop()
        with self._using:
            self._disconnect()

    def _differs(self, kept: JournalEntry) -> bool:
        with self._open() as connection:
            place = {"tenant": kept.tenant, "key": kept.key}
            known = _entry(connection.execute(query("find"), place).fetchone())
        return known is not None and known.reply != kept.reply

    def _first(self, entry: JournalEntry) -> JournalEntry:
        found = self.find(entry.tenant, entry.key)
        if found is None:
            with self._open() as connection:
                mine = {"transaction_id": entry.transaction_id}
                found = _entry(connection.execute(query("find_transaction"), mine).fetchone())
        if found is None:
            raise JournalUnavailable(f"{self._path} forgot {entry.transaction_id} at this moment: try again")
        return self._marks.get((found.tenant, found.key)) or found

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The connection, to the file that bears the journal's name now."""
        with self._guarded(), self._using:
            connection = self._current() or self._connect()
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self._after(error)
            raise JournalUnavailable(f"{self._path} cannot be used now: {error}") from error
        except (OSError, ValueError) as error:
            raise JournalUnavailable(f"{self._path} cannot be used now: {error}") from error

    def _current(self) -> sqlite3.Connection | None:
        """None when another process has moved a damaged file aside: one host has one journal."""
        try:
            return self._connection if self._path.stat().st_ino == self._inode else None
        except FileNotFoundError:
            return None

    def _connect(self) -> sqlite3.Connection:
        now = time.monotonic()
        if now < self._not_before:
            raise JournalUnavailable(f"{self._path} could not be opened a moment ago")
        self._not_before = now + OPEN_AGAIN_S
        self._disconnect()
        self._connection = sqlite_file.open_file(self._path, patience_ms=self._patience_ms)
        self._inode = self._path.stat().st_ino
        self._not_before = 0.0
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _after(self, error: sqlite3.Error) -> None:
        if sqlite_file.is_damage(error) and self._connection is not None:
            sqlite_file.move_aside(self._path, self._inode, str(error))


def _keep(connection: sqlite3.Connection, place: int, entry: JournalEntry) -> None:
    if entry.row is None:
        connection.execute(query("answer"), {"id": place, "packed": pack(entry.reply)})
    else:
        connection.execute(query("wait"), {"id": place, "reply": entry.reply, "row": entry.row})


def _entry(row: sqlite3.Row | None) -> JournalEntry | None:
    """Raises ValueError if the answer cannot be unpacked."""
    if row is None:
        return None
    answered = row["reply"] is None
    if answered and row["packed"] is None:
        raise ValueError(f"the answer of {row['transaction_id']} is gone")
    return JournalEntry(
        tenant=row["tenant"],
        key=row["key"],
        transaction_id=row["transaction_id"],
        fingerprint=row["fingerprint"],
        reply=unpack(row["packed"]) if answered else row["reply"],
        row=None if answered else row["row"],
        at_ms=row["at_ms"],
    )

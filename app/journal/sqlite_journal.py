"""The journal of a host in one SQLite file that all its processes share."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import structs

from app.journal import entries, sqlite_file
from app.journal.journal_file import JournalFile
from app.journal.long_calls import LongCalls
from app.journal.marks import Marked, MarkedKept, Placements
from app.journal.tending import Tending
from app.ports import JournalEntry, JournalUnavailable

PATIENCE_AT_THE_END_S = 1.0  # no payment waits any more
PATIENCE_MS = 1  # with another process's claim, before the journal counts as unavailable
MOST_WAITING_COUNTED, MOST_COUNTED_AT_ONCE = 100_000, 1_000
log = logging.getLogger("faregate.journal")


class SqliteJournal:
    """Implements ports.Journal. A commit outlives the process at once, and a power cut after `secure`.

    For one thread, that of an event loop. Beside it `serve` writes what was marked kept, forgets old keys and
    keeps the log small; without it `flush` and `close` write. `now_ms` is the wall clock that entries bear.
    """

    def __init__(
        self,
        path: Path,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        patience_ms: int = PATIENCE_MS,
    ) -> None:
        self._path = path
        self._patience_s = patience_ms / 1000
        self._marks = MarkedKept()
        self._placements = Placements()
        self._file = JournalFile(path, self._lose_places)
        self._long_calls = LongCalls(path)
        self._tending = Tending(path, self._file, self._marks, self._long_calls, now_ms)
        self._syncing = asyncio.Lock()
        self._next_sync: asyncio.Task[None] | None = None
        with suppress(JournalUnavailable):
            self._file.use(lambda _: None, self._patience_s)

    def find(self, tenant: str, key: str) -> JournalEntry | None:
        place = tenant, key
        if marked := self._marks.get(place):
            return marked
        return self._file.use(lambda cursor: entries.find(cursor, place), self._patience_s)

    def claim(self, entry: JournalEntry) -> JournalEntry:
        if marked := self._marks.get((entry.tenant, entry.key)):
            return marked
        self._file.look()  # a claim in a file that was moved away would bind nobody else
        place = self._file.use(lambda cursor: entries.place(cursor, entry), self._patience_s)
        if place is None:
            return self._first(entry)
        self._long_calls.count_commit()
        self._placements.add(entry, place)
        return entry

    async def secure(self) -> None:
        """Calls at the same time share a sync, but for those that came after it had begun."""
        if self._next_sync is None:
            self._next_sync = asyncio.create_task(self._sync())
        await asyncio.shield(self._next_sync)

    def mark_kept(self, entry: JournalEntry) -> None:
        """Another reply than ours was told already, so it is written at once, for all processes to see."""
        kept = entry if entry.row is None else structs.replace(entry, row=None)
        marked = Marked(kept, self._placements.take(kept))
        self._marks.add(marked)
        if marked.id is None and self._differs(kept):
            self._tending.write([marked], self._patience_s)

    def pending(self, before_ms: int, limit: int) -> list[JournalEntry]:
        return self._file.use(
            lambda cursor: entries.pending(cursor.connection, before_ms, self._marks, limit), self._patience_s
        )

    async def count_waiting(self) -> int:
        """How many entries PostgreSQL may not have, counted up to 100,000, while the loop goes on."""
        try:
            return await self._long_calls.count_waiting(MOST_WAITING_COUNTED)
        except (sqlite3.Error, OSError) as error:
            raise JournalUnavailable(f"{self._path} cannot be counted now: {error}") from error

    def waiting(self) -> int:
        """The same at once, counted up to 1,000."""
        return self._file.use(
            lambda cursor: entries.count_waiting(cursor.connection, MOST_COUNTED_AT_ONCE), self._patience_s
        )

    def forget(self, before_ms: int) -> int:
        """Forget what PostgreSQL has and is older; says how many."""
        return self._tending.forget(before_ms, self._patience_s)

    async def serve(self) -> None:
        """For ever."""
        await self._tending.serve()

    def flush(self) -> None:
        """Write all that was marked kept."""
        self._tending.flush(self._patience_s)

    def close(self) -> None:
        """Writes what was marked kept; what cannot be written stays pending."""
        try:
            self._tending.flush(PATIENCE_AT_THE_END_S)
        except JournalUnavailable as error:
            log.warning("%d entries are not marked kept: %s", len(self._marks), error)
        self._long_calls.close()
        self._file.close()

    async def _sync(self) -> None:
        async with self._syncing:
            self._next_sync = None  # what is claimed from here on is for the next sync
            try:
                await asyncio.to_thread(sqlite_file.sync_log, self._path)
            except OSError as error:
                raise JournalUnavailable(f"{self._path} cannot be written to disk: {error}") from error

    def _differs(self, kept: JournalEntry) -> bool:
        known = self._file.use(lambda cursor: entries.find(cursor, (kept.tenant, kept.key)), self._patience_s)
        return known is not None and (known.reply, known.fingerprint) != (kept.reply, kept.fingerprint)

    def _first(self, entry: JournalEntry) -> JournalEntry:
        found = self.find(entry.tenant, entry.key) or self._file.use(
            lambda cursor: entries.find_transaction(cursor, entry.transaction_id), self._patience_s
        )
        if found is None:
            raise JournalUnavailable(f"{self._path} forgot {entry.transaction_id} at this moment: try again")
        return self._marks.get((found.tenant, found.key)) or found

    def _lose_places(self) -> None:
        self._placements.clear()
        self._marks.lose_places()

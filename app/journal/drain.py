"""Brings what only the journal has into PostgreSQL once it is back."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from app.ports import Journal, JournalEntry, JournalUnavailable, LedgerUnavailable
from domain.errors import FaregateError, Retryable

EVERY_S = 1.0
SETTLED_MS = 2_000  # a younger entry is on its way by itself
BATCH, MOST_BATCHES = 10, 1_000  # of a turn
REST = 4  # times as long as a batch took: what was answered can wait for what is to be answered
MOST_SET_ASIDE = 1_000
log = logging.getLogger("faregate.drain")
Insert = Callable[[JournalEntry], Awaitable[bytes]]


class Drainer:
    """`insert` puts an entry into PostgreSQL and marks it kept, or raises LedgerUnavailable.

    `drained` counts entries that were brought over, `conflicts` those whose key or transaction PostgreSQL has
    with another request, `set_aside` is how many it does not take; those are tried again after a restart.
    """

    def __init__(self, journal: Journal, insert: Insert, now_ms: Callable[[], int]) -> None:
        self._journal = journal
        self._insert = insert
        self._now_ms = now_ms
        self._aside: set[tuple[str, str]] = set()
        self._away = False
        self.drained = 0
        self.conflicts = 0

    @property
    def set_aside(self) -> int:
        return len(self._aside)

    async def serve(self) -> None:
        """For ever."""
        while True:
            await self.turn()
            await asyncio.sleep(EVERY_S)

    async def turn(self) -> int:
        """Bring over what waits until PostgreSQL or the journal is away; says how many entries."""
        before = self.drained
        try:
            await self._bring_batches()
        except (LedgerUnavailable, JournalUnavailable) as error:
            self._say_away(error)
        else:
            self._away = False
        if self.drained > before:
            log.info("brought %d journal entries to PostgreSQL", self.drained - before)
        return self.drained - before

    async def _bring_batches(self) -> None:
        batch: list[JournalEntry] = []
        for _ in range(MOST_BATCHES):
            last, batch = batch, self._waiting()
            if not batch or batch == last:
                return  # nothing waits, or what was brought could not be marked: it is tried in the next turn
            began = time.monotonic()
            for entry in batch:
                await self._bring(entry)
            await asyncio.sleep(REST * (time.monotonic() - began))

    def _waiting(self) -> list[JournalEntry]:
        found = self._journal.pending(self._now_ms() - SETTLED_MS, BATCH + len(self._aside))
        return [entry for entry in found if (entry.tenant, entry.key) not in self._aside][:BATCH]

    async def _bring(self, entry: JournalEntry) -> None:
        try:
            await self._insert(entry)
        except Retryable:
            raise
        except FaregateError as error:
            self.conflicts += 1
            log.error("%s was answered here and otherwise in PostgreSQL: %s", entry.transaction_id, error)
        except Exception:  # noqa: BLE001 - logged; whatever one row is made of, the others must get through
            self._set_aside(entry)
        else:
            self.drained += 1

    def _set_aside(self, entry: JournalEntry) -> None:
        log.exception("PostgreSQL does not take %s: it stays in the journal", entry.transaction_id)
        if len(self._aside) >= MOST_SET_ASIDE:
            raise LedgerUnavailable(f"{MOST_SET_ASIDE} entries cannot be brought over: see the errors before")
        self._aside.add((entry.tenant, entry.key))

    def _say_away(self, error: Retryable) -> None:
        if not self._away:
            log.warning("the journal's entries wait: %s", error)
        self._away = True

"""A host that keeps decisions, with journals and ledgers that fail in the ways they do."""

import asyncio
from collections.abc import Callable
from typing import Any

from approvals import a_keeping
from factories import NOW_MS
from fakes import FakeLedger
from fakes_journal import FakeJournal
from msgspec import structs

from app.breaker import Breaker
from app.keeping import Keeping
from app.ports import Decision, JournalBusy, JournalEntry, JournalUnavailable
from app.stages import Stage

HOUR_MS = 3_600_000


def enough() -> float:
    return 5.0


def nothing_left() -> float:
    return 0.0


class UnsafeJournal(FakeJournal):
    """Takes entries, but its disk does not."""

    async def secure(self) -> None:
        raise JournalUnavailable("the disk is full")


class SlowDisk(FakeJournal):
    """Takes entries, and never says that they are safe."""

    async def secure(self) -> None:
        await asyncio.get_running_loop().create_future()


class BusyJournal(FakeJournal):
    """Held by another process for the first `times` claims."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def claim(self, entry: JournalEntry) -> JournalEntry:
        self.times -= 1
        if self.times >= 0:
            raise JournalBusy("held by another process")
        return super().claim(entry)


class ForgetfulJournal(FakeJournal):
    """Cannot be told what was kept."""

    def mark_kept(self, entry: JournalEntry) -> None:
        raise JournalUnavailable(f"the disk is full for {entry.key}")


class Host:
    """One host before a ledger that others write to as well."""

    def __init__(self, journal: FakeJournal | None = None, ledger: FakeLedger | None = None) -> None:
        self.journal, self.ledger = journal or FakeJournal(), ledger or FakeLedger()
        self.clock_s, self.failures, self.unsecured, self.stages = 0.0, 0, 0, list[Stage]()
        self.breaker = Breaker(lambda: self.clock_s)
        self.keeping: Keeping = a_keeping(
            journal=self.journal,
            ledger=self.ledger,
            breaker=self.breaker,
            monotonic=lambda: self.clock_s,
            stage=lambda stage, _: self.stages.append(stage),
            on_journal_failure=self._fails,
            on_unsecured=self._leaves_unsecured,
        )

    def _fails(self) -> None:
        self.failures += 1

    def _leaves_unsecured(self) -> None:
        self.unsecured += 1

    def time_for(self, calls: int) -> Callable[[], float]:
        """A deadline that so many looks at the clock use up."""
        looks = iter(range(calls))
        return lambda: 0.0 if next(looks, None) is not None else -1.0

    async def keep(self, decision: Decision, *, reached: bool = True) -> bytes:
        return await self.keeping.keep(decision, enough, reached=reached)

    async def known(self, decision: Decision, **given: Any) -> bytes | None:
        asked = structs.replace(decision, **given)
        return await self.keeping.known(asked.tenant, asked.idempotency_key, asked.fingerprint, enough)

    def pending(self) -> list[JournalEntry]:
        return self.journal.pending(NOW_MS + HOUR_MS, 100)

    def claim_as_another_process(self, decision: Decision) -> None:
        """It died before PostgreSQL had it."""
        self.journal.claim(
            JournalEntry(
                tenant=decision.tenant,
                key=decision.idempotency_key,
                transaction_id=decision.transaction.transaction_id,
                fingerprint=decision.fingerprint,
                reply=decision.reply,
                row=self.ledger.row_of(decision),
                at_ms=decision.as_of_ms,
            )
        )


def hang(ledger: FakeLedger) -> asyncio.Event:
    go_on = asyncio.Event()

    async def wait() -> None:
        await go_on.wait()

    ledger.before_insert = wait
    return go_on


def count_inserts(ledger: FakeLedger) -> list[None]:
    asked: list[None] = []

    async def count() -> None:
        asked.append(None)

    ledger.before_insert = count
    return asked

"""Keeps a decision so that its key is answered once, whether PostgreSQL is there or not.

This host's journal says first which decision a key has; PostgreSQL says it between hosts. A decision that
PostgreSQL does not take in time is answered once the journal is safe on disk, and inserted later.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from msgspec import structs

from app.breaker import Breaker
from app.ports import (
    Decision,
    Journal,
    JournalBusy,
    JournalEntry,
    JournalUnavailable,
    KeyReused,
    Ledger,
    LedgerUnavailable,
    TransactionChanged,
)
from app.stages import Stage
from app.time_limit import within

log = logging.getLogger("faregate.keeping")
LeftS = Callable[[], float]  # how many seconds PostgreSQL may take
CLAIMS, CLAIM_AGAIN_S = 20, 0.002
INSERT_S = 0.015  # of the deadline, for PostgreSQL
ELSEWHERE = b""  # the fingerprint of a key or transaction that another host decided with another body


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """`on_journal_failure` is told of each call that went on without a journal, `on_unsecured` of each answer
    that a power cut at that moment could have taken; `secure_s` is what may go by after PostgreSQL's time."""

    journal: Journal
    ledger: Ledger
    breaker: Breaker
    on_journal_failure: Callable[[], None]
    on_unsecured: Callable[[], None] = lambda: None
    secure_s: float = 0.010
    monotonic: Callable[[], float]
    stage: Callable[[Stage, float], None]

    async def known(self, tenant: str, key: str, fingerprint: bytes, left_s: LeftS) -> bytes | None:
        """What this host answered under the key; raises KeyReused if that was for another body."""
        try:
            entry = self.journal.find(tenant, key)
        except JournalUnavailable as error:
            self._count_failure(error)
            return None
        if entry is None or entry.fingerprint == ELSEWHERE:
            return None
        _require_same(entry, tenant, key, fingerprint)
        return await self._settled(entry, left_s)

    async def recall(self, tenant: str, key: str, fingerprint: bytes) -> bytes | None:
        """What any host answered under the key for this body."""
        stored = await self.ledger.recall(tenant, key)
        return stored[1] if stored and stored[0] == fingerprint else None

    async def keep(self, decision: Decision, left_s: LeftS, *, reached: bool) -> bytes:
        """The reply that the key has from now on: the decision's own, unless it was decided before.

        A database that was not `reached` a moment ago is told of it and not waited for.
        Raises KeyReused or TransactionChanged, or LedgerUnavailable if nobody takes it.
        """
        entry = _entry(decision, self.ledger.row_of(decision))
        began = self.monotonic()
        first = await self._claimed(entry, left_s, reached=reached)
        self.stage(Stage.CLAIM, self.monotonic() - began)
        if first is None or first.fingerprint == ELSEWHERE:  # only PostgreSQL can say what is stored
            return await self._insert_unclaimed(entry, left_s)
        _require_same(first, decision.tenant, decision.idempotency_key, decision.fingerprint)
        return await self._settled(first, left_s, reached=reached)

    async def insert(self, entry: JournalEntry) -> bytes:
        """Put a claimed decision into PostgreSQL and return the reply stored there."""
        assert entry.row is not None, "what is kept is not inserted again"  # noqa: S101 - both sides of the boundary
        try:
            reply = await self.ledger.insert(entry.row)
        except (KeyReused, TransactionChanged):
            self.breaker.worked()
            self._mark_kept(structs.replace(entry, fingerprint=ELSEWHERE, reply=b"", row=None))
            raise
        self.breaker.worked()
        self._mark_kept(structs.replace(entry, reply=reply, row=None))
        return reply

    def _mark_kept(self, entry: JournalEntry) -> None:
        try:
            self.journal.mark_kept(entry)
        except JournalUnavailable as error:  # it stays pending, and is inserted again without effect
            self._count_failure(error)

    async def _settled(self, entry: JournalEntry, left_s: LeftS, *, reached: bool = True) -> bytes:
        if entry.row is None:
            return entry.reply
        if self.breaker.lets_through():
            wait_s = max(0.0, left_s() + self.secure_s) if reached else 0.0
            try:
                return await within(wait_s, self.insert(entry))
            except LedgerUnavailable:
                self.breaker.failed()
            except TimeoutError:
                self.breaker.failed()
                if reached and not self.breaker.is_open:  # it answers others: the row is on its way
                    self.on_unsecured()
                    return entry.reply
        await self._secure(left_s() + self.secure_s)
        return entry.reply

    async def _secure(self, limit_s: float) -> None:
        """Written it is; a disk that takes longer than the deadline to say so is not waited for."""
        try:
            await within(max(0.0, limit_s), self.journal.secure())
        except TimeoutError:
            self.on_unsecured()
        except JournalUnavailable as error:
            self._count_failure(error)
            raise LedgerUnavailable(f"neither PostgreSQL nor the journal keeps it: {error}") from error

    async def _claimed(self, entry: JournalEntry, left_s: LeftS, *, reached: bool) -> JournalEntry | None:
        """None without a journal. One that others hold for a moment is asked again, while there is time."""
        needed_s = INSERT_S if reached else -self.secure_s
        for _ in range(CLAIMS):
            try:
                return self.journal.claim(entry)
            except JournalBusy:
                if left_s() <= needed_s:
                    break
                await asyncio.sleep(CLAIM_AGAIN_S)
            except JournalUnavailable as error:
                self._count_failure(error)
                return None
        self._count_failure(JournalBusy(f"others held the journal until {entry.transaction_id} had to go on"))
        return None

    async def _insert_unclaimed(self, entry: JournalEntry, left_s: LeftS) -> bytes:
        """Without the journal, PostgreSQL alone keeps a decision."""
        assert entry.row is not None, "it was made with a row"  # noqa: S101 - both sides of the boundary
        if not self.breaker.lets_through():
            raise LedgerUnavailable("PostgreSQL is away, and there is no journal")
        try:
            return await within(max(0.0, left_s()), self.ledger.insert(entry.row))
        except TimeoutError as error:
            self.breaker.failed()
            raise LedgerUnavailable("PostgreSQL does not answer in time, and there is no journal") from error

    def _count_failure(self, error: JournalUnavailable) -> None:
        log.warning("without the journal for now: %s", error)
        self.on_journal_failure()


def _entry(decision: Decision, row: bytes) -> JournalEntry:
    return JournalEntry(
        tenant=decision.tenant,
        key=decision.idempotency_key,
        transaction_id=decision.transaction.transaction_id,
        fingerprint=decision.fingerprint,
        reply=decision.reply,
        row=row,
        at_ms=decision.as_of_ms,
    )


def _require_same(entry: JournalEntry, tenant: str, key: str, fingerprint: bytes) -> None:
    if entry.tenant == tenant and entry.fingerprint == fingerprint:
        return
    if (entry.tenant, entry.key) == (tenant, key):
        raise KeyReused(f"the key of {entry.transaction_id} was used for another body")
    raise TransactionChanged(f"{entry.transaction_id} was decided with another body")

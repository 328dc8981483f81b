"""Keeps a decision so that its key is answered once, whether PostgreSQL is there or not.

This host's journal says first which decision a key has; PostgreSQL says it between hosts. A decision that
PostgreSQL does not take in time is answered once the journal is safe on disk, and inserted later.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from msgspec import structs

from app.breaker import Breaker
from app.ports import (
    Decision,
    Journal,
    JournalEntry,
    JournalUnavailable,
    KeyReused,
    Ledger,
    LedgerUnavailable,
    TransactionChanged,
)
from app.stages import Stage
from app.time_limit import within

LeftS = Callable[[], float]  # how many seconds PostgreSQL may take
CLAIM_AGAIN_S = 0.002
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
        except JournalUnavailable:
            self.on_journal_failure()
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
        try:
            first = self.journal.claim(entry)
        except JournalUnavailable:
            self.on_journal_failure()
            if reached and self.breaker.lets_through():
                return await self._insert_unclaimed(entry, left_s)
            first = await self._claim_again(entry, left_s)
        self.stage(Stage.CLAIM, self.monotonic() - began)
        if first.fingerprint == ELSEWHERE:  # for which body only PostgreSQL knows
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
        except JournalUnavailable:  # it stays pending, and is inserted again without effect
            self.on_journal_failure()

    async def _settled(self, entry: JournalEntry, left_s: LeftS, *, reached: bool = True) -> bytes:
        if entry.row is None:
            return entry.reply
        if self.breaker.lets_through():
            try:
                return await within(max(0.0, left_s()) if reached else 0.0, self.insert(entry))
            except (LedgerUnavailable, TimeoutError):
                self.breaker.failed()
        await self._secure(left_s() + self.secure_s)
        return entry.reply

    async def _secure(self, limit_s: float) -> None:
        """Written it is; a disk that takes longer than the deadline to say so is not waited for."""
        try:
            await within(max(0.0, limit_s), self.journal.secure())
        except TimeoutError:
            self.on_unsecured()
        except JournalUnavailable as error:
            self.on_journal_failure()
            raise LedgerUnavailable(f"neither PostgreSQL nor the journal keeps it: {error}") from error

    async def _claim_again(self, entry: JournalEntry, left_s: LeftS) -> JournalEntry:
        """Another process may hold the journal for a moment, and there is nobody else to keep it."""
        while True:
            await asyncio.sleep(CLAIM_AGAIN_S)
            try:
                return self.journal.claim(entry)
            except JournalUnavailable as error:
                if left_s() + self.secure_s <= 0:
                    raise LedgerUnavailable(f"neither PostgreSQL nor journal keeps it: {error}") from error

    async def _insert_unclaimed(self, entry: JournalEntry, left_s: LeftS) -> bytes:
        assert entry.row is not None, "it was made with a row"  # noqa: S101 - both sides of the boundary
        try:
            return await within(max(0.0, left_s()), self.ledger.insert(entry.row))
        except TimeoutError as error:
            raise LedgerUnavailable("PostgreSQL does not answer in time, and no journal knows") from error


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

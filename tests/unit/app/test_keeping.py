"""Every way in which a decision is kept: with a ledger and a journal that are there, late, or away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from approvals import a_keeping
from factories import NOW_MS, a_decision, a_request
from fakes import FakeLedger
from fakes_journal import FakeJournal
from msgspec import structs

from app.breaker import OPENS_AFTER, Breaker
from app.keeping import ELSEWHERE, Keeping
from app.ports import (
    Decision,
    JournalEntry,
    JournalUnavailable,
    KeyReused,
    LedgerUnavailable,
    TransactionChanged,
)
from app.stages import Stage

pytestmark = pytest.mark.anyio
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
            raise JournalUnavailable("held by another process")
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


@pytest.fixture
def host() -> Host:
    return Host()


def hang(ledger: FakeLedger) -> asyncio.Event:
    go_on = asyncio.Event()

    async def wait() -> None:
        await go_on.wait()

    ledger.before_insert = wait
    return go_on


async def test_a_fresh_decision_is_in_the_ledger_and_pending_no_more(host: Host) -> None:
    decision = a_decision()
    assert await host.keep(decision) == decision.reply
    assert list(host.ledger.decisions.values()) == [decision]
    assert (host.pending(), host.journal.secured, host.failures) == ([], 0, 0)
    assert host.stages == [Stage.CLAIM]


async def test_nothing_is_known_of_a_key_never_used(host: Host) -> None:
    assert await host.known(a_decision()) is None


async def test_what_was_kept_is_known_without_asking_the_ledger(host: Host) -> None:
    decision = a_decision()
    await host.keep(decision)
    host.ledger.away = True
    assert await host.known(decision) == decision.reply
    assert await host.known(decision, tenant="tenant_b") is None


async def test_a_known_key_with_another_body_is_refused(host: Host) -> None:
    decision = a_decision()
    await host.keep(decision)
    with pytest.raises(KeyReused, match=decision.transaction.transaction_id):
        await host.known(decision, fingerprint=b"another")


async def test_what_another_process_claimed_and_did_not_keep_is_kept_now(host: Host) -> None:
    decision = a_decision()
    host.claim_as_another_process(decision)
    assert await host.known(decision) == decision.reply
    assert list(host.ledger.decisions.values()) == [decision]
    assert host.pending() == []


async def test_the_claim_of_another_process_wins_over_our_verdict(host: Host) -> None:
    request = a_request()
    theirs, ours = a_decision(request), a_decision(request, score=90)
    host.claim_as_another_process(theirs)
    assert await host.keep(ours) == theirs.reply
    assert list(host.ledger.decisions.values()) == [theirs]


@pytest.mark.parametrize("kept", [True, False])
async def test_a_claim_of_the_same_key_with_another_body_refuses_ours(host: Host, kept: bool) -> None:
    theirs = a_decision()
    await host.keep(theirs) if kept else host.claim_as_another_process(theirs)
    with pytest.raises(KeyReused):
        await host.keep(a_decision(idempotency_key=theirs.idempotency_key))


@pytest.mark.parametrize("given", [{"fingerprint": b"another"}, {"tenant": "tenant_b"}])
async def test_a_claim_of_the_same_transaction_for_another_body_or_tenant_refuses_ours(
    host: Host, given: dict[str, Any]
) -> None:
    request = a_request()
    theirs = a_decision(request)
    host.claim_as_another_process(theirs)
    with pytest.raises(TransactionChanged):
        await host.keep(a_decision(request, idempotency_key="key_b", **given))


async def test_the_same_request_under_another_key_gets_the_first_reply(host: Host) -> None:
    request = a_request()
    first = a_decision(request)
    await host.keep(first)
    assert await host.keep(a_decision(request, idempotency_key="key_b")) == first.reply


async def test_the_reply_of_another_host_is_taken_over(host: Host) -> None:
    request = a_request()
    theirs, ours = a_decision(request), a_decision(request)
    await Host(ledger=host.ledger).keep(theirs)
    assert await host.keep(ours) == theirs.reply
    host.ledger.away = True
    assert await host.known(ours) == theirs.reply


async def test_without_a_ledger_the_journal_is_secured_and_answers(host: Host) -> None:
    decision = a_decision()
    host.ledger.away = True
    assert await host.keep(decision) == decision.reply
    assert (host.journal.secured, len(host.pending())) == (1, 1)
    assert await host.known(decision) == decision.reply
    assert host.journal.secured == 2


async def test_what_waited_in_the_journal_goes_to_the_ledger_later(host: Host) -> None:
    decision = a_decision()
    host.ledger.away = True
    await host.keep(decision)
    host.ledger.away = False
    [waiting] = host.pending()
    assert await host.keeping.insert(waiting) == decision.reply
    assert list(host.ledger.decisions.values()) == [decision]
    assert host.pending() == []


async def test_a_late_insert_marks_itself_kept(host: Host) -> None:
    decision, go_on = a_decision(), hang(host.ledger)
    assert await host.keeping.keep(decision, nothing_left, reached=True) == decision.reply
    assert (host.journal.secured, len(host.pending())) == (1, 1)
    go_on.set()
    while host.pending():
        await asyncio.sleep(0)
    assert list(host.ledger.decisions.values()) == [decision]


async def test_a_late_insert_that_fails_disturbs_nobody(host: Host) -> None:
    decision, go_on = a_decision(), hang(host.ledger)
    await host.keeping.keep(decision, nothing_left, reached=True)
    host.ledger.away = True
    go_on.set()
    await asyncio.sleep(0.01)
    assert len(host.pending()) == 1


@pytest.mark.parametrize("overspent", [0.0, -0.02])
async def test_with_no_time_left_the_ledger_gets_a_try_and_nobody_waits(host: Host, overspent: float) -> None:
    hang(host.ledger)
    decision = a_decision()
    assert await host.keeping.keep(decision, lambda: overspent, reached=True) == decision.reply


async def test_a_ledger_not_reached_a_moment_ago_is_told_and_not_waited_for(host: Host) -> None:
    decision, go_on = a_decision(), hang(host.ledger)
    async with asyncio.timeout(2):  # where a ledger that was reached would get 5 s
        assert await host.keep(decision, reached=False) == decision.reply
    assert host.journal.secured == 1
    go_on.set()
    while host.pending():
        await asyncio.sleep(0)
    assert list(host.ledger.decisions.values()) == [decision]


async def test_a_disk_that_hangs_is_not_waited_for_past_the_deadline_and_told() -> None:
    host, decision = Host(SlowDisk()), a_decision()
    host.ledger.away = True
    assert await host.keeping.keep(decision, nothing_left, reached=True) == decision.reply
    assert (host.unsecured, len(host.pending())) == (1, 1)


async def test_a_secured_answer_is_not_told_of(host: Host) -> None:
    host.ledger.away = True
    await host.keep(a_decision())
    assert host.unsecured == 0


async def test_a_busy_journal_is_asked_again_where_no_ledger_can_keep_it() -> None:
    host, decision = Host(BusyJournal(3)), a_decision()
    host.ledger.away = True
    assert await host.keep(decision, reached=False) == decision.reply
    assert (host.failures, host.journal.secured, len(host.pending())) == (1, 1, 1)


async def test_a_busy_journal_is_not_waited_for_where_the_ledger_keeps_it() -> None:
    host, decision = Host(BusyJournal(1)), a_decision()
    assert await host.keep(decision) == decision.reply
    assert (list(host.ledger.decisions.values()), host.journal.entries) == ([decision], {})


async def test_a_journal_that_stays_busy_past_the_deadline_is_no_promise(host: Host) -> None:
    host.journal.away = True
    with pytest.raises(LedgerUnavailable, match="neither PostgreSQL nor journal"):
        await host.keeping.keep(a_decision(), host.time_for(3), reached=False)


async def test_without_a_journal_the_ledger_decides_alone(host: Host) -> None:
    request = a_request()
    decision = a_decision(request)
    host.journal.away = True
    assert await host.known(decision) is None
    assert await host.keep(decision) == decision.reply
    assert await host.keep(a_decision(request)) == decision.reply
    assert host.failures == 3


async def test_without_a_journal_another_body_is_refused_by_the_ledger(host: Host) -> None:
    decision = a_decision()
    host.journal.away = True
    await host.keep(decision)
    with pytest.raises(KeyReused):
        await host.keep(a_decision(idempotency_key=decision.idempotency_key))


async def test_with_both_away_nothing_is_promised(host: Host) -> None:
    host.journal.away = host.ledger.away = True
    with pytest.raises(LedgerUnavailable):
        await host.keep(a_decision())


async def test_without_a_journal_a_slow_ledger_is_no_promise(host: Host) -> None:
    host.journal.away = True
    hang(host.ledger)
    with pytest.raises(LedgerUnavailable, match="no journal knows"):
        await host.keeping.keep(a_decision(), nothing_left, reached=True)


async def test_a_journal_that_cannot_be_secured_is_no_promise() -> None:
    host = Host(UnsafeJournal())
    host.ledger.away = True
    with pytest.raises(LedgerUnavailable, match=r"neither PostgreSQL nor the journal.*disk is full"):
        await host.keep(a_decision())
    assert host.failures == 1


async def test_a_journal_that_cannot_be_told_of_a_kept_decision_spoils_nothing() -> None:
    host, decision = Host(ForgetfulJournal()), a_decision()
    assert await host.keep(decision) == decision.reply
    assert (host.failures, len(host.pending())) == (1, 1)
    assert await host.known(decision) == decision.reply


Conflict = Callable[[Host, Decision], Awaitable[type[Exception]]]


async def its_key_is_used(host: Host, ours: Decision) -> type[Exception]:
    await Host(ledger=host.ledger).keep(a_decision(idempotency_key=ours.idempotency_key))
    return KeyReused


async def its_transaction_is_decided(host: Host, ours: Decision) -> type[Exception]:
    other = a_request(transaction_id=ours.transaction.transaction_id, amount_minor=7)
    await Host(ledger=host.ledger).keep(a_decision(other, idempotency_key="key_of_theirs"))
    return TransactionChanged


@pytest.mark.parametrize("conflict", [its_key_is_used, its_transaction_is_decided])
async def test_what_another_host_decided_with_another_body_refuses_ours(
    host: Host, conflict: Conflict
) -> None:
    ours = a_decision()
    refused = await conflict(host, ours)
    for _ in range(2):  # once it claims its place, once it meets what that left behind
        assert await host.known(ours) is None
        with pytest.raises(refused):
            await host.keep(ours)
    assert host.pending() == []
    [entry] = host.journal.entries.values()
    assert (entry.fingerprint, entry.reply) == (ELSEWHERE, b"")


async def test_a_key_refused_once_still_answers_its_right_body(host: Host) -> None:
    right = a_decision(idempotency_key="key_a")
    await Host(ledger=host.ledger).keep(right)
    with pytest.raises(KeyReused):
        await host.keep(a_decision(idempotency_key="key_a"))
    assert await host.keep(right) == right.reply


async def test_a_transaction_refused_once_still_answers_its_right_body(host: Host) -> None:
    request = a_request()
    right = a_decision(request)
    await Host(ledger=host.ledger).keep(right)
    with pytest.raises(TransactionChanged):
        await host.keep(a_decision(structs.replace(request, amount_minor=7), idempotency_key="key_b"))
    assert await host.keep(right) == right.reply


async def test_of_a_refused_key_nobody_can_know_more_while_the_ledger_is_away(host: Host) -> None:
    ours = a_decision()
    await its_key_is_used(host, ours)
    with pytest.raises(KeyReused):
        await host.keep(ours)
    host.ledger.away = True
    with pytest.raises(LedgerUnavailable):
        await host.keep(ours)


async def test_a_conflict_found_by_a_late_insert_is_told_and_neutralised(host: Host) -> None:
    ours = a_decision()
    host.ledger.away = True
    await host.keep(ours)
    host.ledger.away = False
    await its_key_is_used(host, ours)
    [waiting] = host.pending()
    with pytest.raises(KeyReused):
        await host.keeping.insert(waiting)
    assert host.pending() == []


async def test_a_ledger_that_failed_many_times_is_spared(host: Host) -> None:
    asked = count_inserts(host.ledger)
    host.ledger.away = True
    for _ in range(OPENS_AFTER + 3):
        await host.keep(a_decision())
    assert len(asked) == OPENS_AFTER
    assert host.journal.secured == OPENS_AFTER + 3


async def test_a_ledger_that_is_back_is_used_again(host: Host) -> None:
    host.ledger.away = True
    for _ in range(OPENS_AFTER):
        await host.keep(a_decision())
    host.ledger.away, host.clock_s = False, 0.6
    for _ in range(2):
        await host.keep(a_decision())
    assert len(host.ledger.decisions) == 2


@pytest.mark.parametrize("conflict", [its_key_is_used, its_transaction_is_decided])
async def test_a_ledger_that_refuses_a_body_is_there(host: Host, conflict: Conflict) -> None:
    for _ in range(OPENS_AFTER - 1):
        host.breaker.failed()
    ours = a_decision()
    refused = await conflict(host, ours)
    with pytest.raises(refused):
        await host.keep(ours)
    host.breaker.failed()
    assert host.breaker.lets_through()


async def test_only_the_same_body_is_recalled(host: Host) -> None:
    decision = a_decision()
    await host.keep(decision)
    recall = host.keeping.recall
    key = decision.idempotency_key
    assert await recall("tenant_a", key, decision.fingerprint) == decision.reply
    assert await recall("tenant_a", key, b"another") is None
    assert await recall("tenant_b", key, decision.fingerprint) is None
    assert await recall("tenant_a", "key_never_used", decision.fingerprint) is None


def count_inserts(ledger: FakeLedger) -> list[None]:
    asked: list[None] = []

    async def count() -> None:
        asked.append(None)

    ledger.before_insert = count
    return asked

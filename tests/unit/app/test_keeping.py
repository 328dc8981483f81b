"""Every way in which a decision is kept: with a ledger and a journal that are there, late, or away."""

import asyncio
from typing import Any

import pytest
from factories import a_decision, a_request
from keeping_host import (
    BusyJournal,
    ForgetfulJournal,
    Host,
    SlowDisk,
    UnsafeJournal,
    hang,
    nothing_left,
)

from app.breaker import OPENS_AFTER
from app.ports import KeyReused, LedgerUnavailable, TransactionChanged
from app.stages import Stage

pytestmark = pytest.mark.anyio


@pytest.fixture
def host() -> Host:
    return Host()


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
    assert (host.journal.secured, host.unsecured, len(host.pending())) == (0, 1, 1)
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
    assert (host.failures, host.journal.secured, len(host.pending())) == (0, 1, 1)


async def test_a_busy_journal_is_asked_again_while_the_ledger_can_wait() -> None:
    host, decision = Host(BusyJournal(3)), a_decision()
    assert await host.keep(decision) == decision.reply
    assert (list(host.ledger.decisions.values()), len(host.journal.entries)) == ([decision], 1)


async def test_a_journal_that_stays_busy_is_left_out_where_the_ledger_keeps_it() -> None:
    host, decision = Host(BusyJournal(1_000)), a_decision()
    assert await host.keep(decision) == decision.reply
    assert (list(host.ledger.decisions.values()), host.failures) == ([decision], 1)


async def test_a_journal_that_stays_busy_is_no_promise_where_the_ledger_is_away() -> None:
    host = Host(BusyJournal(1_000))
    host.ledger.away = True
    with pytest.raises(LedgerUnavailable):
        await host.keeping.keep(a_decision(), host.time_for(3), reached=False)


async def test_the_ledger_is_not_asked_without_a_journal_while_it_is_known_to_be_away(host: Host) -> None:
    host.journal.away = True
    for _ in range(OPENS_AFTER):
        host.breaker.failed()
    with pytest.raises(LedgerUnavailable, match="there is no journal"):
        await host.keep(a_decision())


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
    with pytest.raises(LedgerUnavailable, match="there is no journal"):
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

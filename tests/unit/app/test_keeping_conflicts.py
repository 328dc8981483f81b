"""Keys and transactions that another host decided, and a ledger that is spared while it fails."""

from collections.abc import Awaitable, Callable

import pytest
from factories import a_decision, a_request
from keeping_host import Host, count_inserts
from msgspec import structs

from app.breaker import OPENS_AFTER
from app.keeping import ELSEWHERE
from app.ports import Decision, KeyReused, LedgerUnavailable, TransactionChanged

pytestmark = pytest.mark.anyio


@pytest.fixture
def host() -> Host:
    return Host()


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

"""What every ledger promises, asked of the fake and of PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import pytest
from event_factories import a_correction
from factories import a_decision, a_request, an_outcome
from fakes import FakeLedger
from keeping import keep, keep_outcome
from msgspec import structs

from app import postgres
from app.ledger import RECORD, PostgresLedger
from app.ports import KeyReused, Ledger, Payment, TransactionChanged
from app.prepared import prepared
from domain.decision import Outcome, Verdict
from domain.events import (
    PaymentCorrected,
    PaymentDecided,
    PaymentOutcome,
    decode_event,
    event_time_ms,
)

pytestmark = pytest.mark.anyio
Told = PaymentDecided | PaymentOutcome | PaymentCorrected
Subject = tuple[Ledger, Callable[[], Awaitable[list[Told]]]]


@pytest.fixture(params=["fake", "postgres", "prepared"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    """A ledger, and what it gave to the stream."""
    if request.param == "fake":
        fake = FakeLedger()

        async def told() -> list[Told]:
            return fake.events

        yield fake, told
        return
    conninfo: Callable[[str], str] = request.getfixturevalue("conninfo")
    api = conninfo("faregate_api")
    async with (
        postgres.pool("test", conninfo=api, patience_s=2.0) as pool,
        prepared("test", RECORD, conninfo=api, patience_s=2.0, lines=2) as records,
    ):
        ledger = PostgresLedger(pool, lambda: None, records if request.param == "prepared" else None)
        yield ledger, lambda: _outbox(conninfo("faregate_console"))


async def _outbox(conninfo: str) -> list[Told]:
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        cursor = await connection.execute("select payload, key from outbox order by id")
        events = [(decode_event(payload, 2**50), key) for payload, key in await cursor.fetchall()]
    assert all(key == event.user_id for event, key in events)
    return [event for event, _ in events]


async def test_a_new_decision_gets_its_own_reply_and_one_event(subject: Subject) -> None:
    ledger, told = subject
    decision = a_decision()
    assert await keep(ledger, decision) == decision.reply
    assert await told() == [decision.event]
    assert event_time_ms(decision.event) == decision.as_of_ms


async def test_the_same_request_again_gets_the_first_reply_and_no_event_more(subject: Subject) -> None:
    ledger, told = subject
    request = a_request()
    first, again = a_decision(request), a_decision(request)
    assert first.reply != again.reply
    await keep(ledger, first)
    assert await keep(ledger, again) == first.reply
    assert await told() == [first.event]


async def test_two_at_once_get_one_reply(subject: Subject) -> None:
    ledger, told = subject
    request = a_request()
    replies = await asyncio.gather(*(keep(ledger, a_decision(request)) for _ in range(5)))
    assert len(set(replies)) == 1
    assert len(await told()) == 1


async def test_another_body_is_refused_and_changes_nothing(subject: Subject) -> None:
    ledger, told = subject
    first = a_request(amount_minor=1_000)
    decision = a_decision(first)
    await keep(ledger, decision)
    with pytest.raises(TransactionChanged):
        await keep(ledger, a_decision(structs.replace(first, amount_minor=1_001), idempotency_key="new"))
    assert await told() == [decision.event]
    assert await keep(ledger, a_decision(first)) == decision.reply


async def test_a_key_is_bound_to_its_first_body(subject: Subject) -> None:
    ledger, told = subject
    decision = a_decision()
    await keep(ledger, decision)
    with pytest.raises(KeyReused):
        await keep(ledger, a_decision(a_request(), idempotency_key=decision.idempotency_key))
    assert await told() == [decision.event]


async def test_a_transaction_has_one_decision_under_whatever_key(subject: Subject) -> None:
    ledger, told = subject
    request = a_request()
    decision = a_decision(request)
    await keep(ledger, decision)
    assert await keep(ledger, a_decision(request, idempotency_key="another")) == decision.reply
    assert await told() == [decision.event]


async def test_the_decision_of_another_tenant_is_nobodys_business(subject: Subject) -> None:
    ledger, _ = subject
    request = a_request()
    decision = a_decision(request)
    await keep(ledger, decision)
    with pytest.raises(TransactionChanged):
        await keep(ledger, a_decision(request, tenant="tenant_b"))
    assert await ledger.find(decision.decision_id, "tenant_b") is None
    assert await ledger.payment(request.transaction_id, "tenant_b") is None
    assert await ledger.recall("tenant_b", decision.idempotency_key) is None


async def test_tenants_have_keys_of_their_own(subject: Subject) -> None:
    ledger, told = subject
    first, second = a_decision(idempotency_key="key"), a_decision(tenant="tenant_b", idempotency_key="key")
    assert await keep(ledger, first) == first.reply
    assert await keep(ledger, second) == second.reply
    assert len(await told()) == 2


async def test_what_was_answered_under_a_key_is_recalled(subject: Subject) -> None:
    ledger, _ = subject
    decision = a_decision()
    await keep(ledger, decision)
    recalled = await ledger.recall("tenant_a", decision.idempotency_key)
    assert recalled == (decision.fingerprint, decision.reply)
    assert await ledger.recall("tenant_a", "never used") is None


async def test_a_sandbox_decision_is_kept_and_not_told(subject: Subject) -> None:
    ledger, told = subject
    decision = a_decision(sandbox=True)
    assert await keep(ledger, decision) == decision.reply
    await keep_outcome(ledger, an_outcome(decision.transaction.transaction_id))
    assert await told() == []
    assert await ledger.find(decision.decision_id, "tenant_a") is not None


async def test_a_decision_is_found_by_its_id_with_its_outcomes(subject: Subject) -> None:
    ledger, _ = subject
    decision = a_decision()
    await keep(ledger, decision)
    event = an_outcome(decision.transaction.transaction_id, outcome=Outcome.CHARGEBACK, reason_code="10.4")
    await keep_outcome(ledger, event)
    record = await ledger.find(decision.decision_id, "tenant_a")
    assert record is not None
    assert (bytes(record.reply), bytes(record.request)) == (decision.reply, decision.request)
    [outcome] = record.outcomes
    assert (outcome.outcome_id, outcome.outcome, outcome.reason_code) == (event.id, "chargeback", "10.4")
    assert (outcome.occurred_at, outcome.amount_minor) == (event.occurred_at, event.amount_minor)


async def test_what_is_not_there_is_none(subject: Subject) -> None:
    ledger, _ = subject
    assert await ledger.find("dec_unknown", "tenant_a") is None
    assert await ledger.payment("txn_unknown", "tenant_a") is None


async def test_a_payment_says_whose_it_was(subject: Subject) -> None:
    ledger, _ = subject
    request = a_request(user_id="usr_x", card_id="card_y", device_id="dev_z", amount_minor=2_100)
    decision = a_decision(request, verdict=Verdict.REVIEW)
    await keep(ledger, decision)
    payment = await ledger.payment(decision.transaction.transaction_id, "tenant_a")
    assert payment == Payment(
        decision_id=decision.decision_id,
        decided_at=decision.decided_at,
        sandbox=False,
        user_id="usr_x",
        card_id="card_y",
        device_id="dev_z",
        pickup_zone="zone_a",
        amount_minor=2_100,
        currency="USD",
        verdict=Verdict.REVIEW,
        as_of_ms=decision.as_of_ms,
    )


async def test_an_outcome_known_already_changes_nothing(subject: Subject) -> None:
    ledger, told = subject
    decision = a_decision()
    await keep(ledger, decision)
    event = an_outcome(decision.transaction.transaction_id)
    await keep_outcome(ledger, event)
    await keep_outcome(ledger, event)
    assert await told() == [decision.event, event]


async def test_a_correction_is_told_with_its_outcome_and_only_by_the_first_capture(subject: Subject) -> None:
    ledger, told = subject
    decision = a_decision()
    await keep(ledger, decision)
    transaction_id = decision.transaction.transaction_id
    first, second = (an_outcome(transaction_id, amount_minor=amount) for amount in (2_000, 2_100))
    correction = a_correction(transaction_id=transaction_id)
    await keep_outcome(ledger, first, correction)
    await keep_outcome(ledger, first, correction)
    await keep_outcome(ledger, second, correction)
    assert await told() == [decision.event, first, correction, second]

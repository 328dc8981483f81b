"""What every ledger promises, asked of the fake and of PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import pytest
from event_factories import a_correction
from factories import a_decision, a_request, an_outcome
from fakes import FakeLedger
from msgspec import structs

from app import postgres
from app.ledger import PostgresLedger
from app.ports import Ledger, Payment, TransactionChanged
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


@pytest.fixture(params=["fake", "postgres"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    """A ledger, and what it gave to the stream."""
    if request.param == "fake":
        fake = FakeLedger()

        async def told() -> list[Told]:
            return fake.events

        yield fake, told
        return
    conninfo: Callable[[str], str] = request.getfixturevalue("conninfo")
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        yield PostgresLedger(pool, ring=lambda: None), lambda: _outbox(conninfo("faregate_console"))


async def _outbox(conninfo: str) -> list[Told]:
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        cursor = await connection.execute("select payload, key from outbox order by id")
        events = [(decode_event(payload, 2**50), key) for payload, key in await cursor.fetchall()]
    assert all(key == event.user_id for event, key in events)
    return [event for event, _ in events]


async def test_a_new_decision_gets_its_own_reply_and_one_event(subject: Subject) -> None:
    ledger, told = subject
    decision = a_decision()
    assert await ledger.record(decision) == decision.reply
    assert await told() == [decision.event]
    assert event_time_ms(decision.event) == decision.as_of_ms


async def test_the_same_request_again_gets_the_first_reply_and_no_event_more(subject: Subject) -> None:
    ledger, told = subject
    request = a_request()
    first, again = a_decision(request), a_decision(request)
    assert first.reply != again.reply
    await ledger.record(first)
    assert await ledger.record(again) == first.reply
    assert await told() == [first.event]


async def test_two_at_once_get_one_reply(subject: Subject) -> None:
    ledger, told = subject
    request = a_request()
    replies = await asyncio.gather(*(ledger.record(a_decision(request)) for _ in range(5)))
    assert len(set(replies)) == 1
    assert len(await told()) == 1


async def test_another_body_is_refused_and_changes_nothing(subject: Subject) -> None:
    ledger, told = subject
    first = a_request(amount_minor=1_000)
    decision = a_decision(first)
    await ledger.record(decision)
    with pytest.raises(TransactionChanged):
        await ledger.record(a_decision(structs.replace(first, amount_minor=1_001)))
    assert await told() == [decision.event]
    assert await ledger.record(a_decision(first)) == decision.reply


async def test_a_decision_is_found_by_its_id_with_its_outcomes(subject: Subject) -> None:
    ledger, _ = subject
    decision = a_decision()
    await ledger.record(decision)
    event = an_outcome(decision.transaction.transaction_id, outcome=Outcome.CHARGEBACK, reason_code="10.4")
    await ledger.record_outcome(event)
    record = await ledger.find(decision.decision_id)
    assert record is not None
    assert (bytes(record.reply), bytes(record.request)) == (decision.reply, decision.request)
    [outcome] = record.outcomes
    assert (outcome.outcome_id, outcome.outcome, outcome.reason_code) == (event.id, "chargeback", "10.4")
    assert (outcome.occurred_at, outcome.amount_minor) == (event.occurred_at, event.amount_minor)


async def test_what_is_not_there_is_none(subject: Subject) -> None:
    ledger, _ = subject
    assert await ledger.find("dec_unknown") is None
    assert await ledger.payment("txn_unknown") is None


async def test_a_payment_says_whose_it_was(subject: Subject) -> None:
    ledger, _ = subject
    request = a_request(user_id="usr_x", card_id="card_y", device_id="dev_z", amount_minor=2_100)
    decision = a_decision(request, verdict=Verdict.REVIEW)
    await ledger.record(decision)
    payment = await ledger.payment(decision.transaction.transaction_id)
    assert payment == Payment(
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
    await ledger.record(decision)
    event = an_outcome(decision.transaction.transaction_id)
    await ledger.record_outcome(event)
    await ledger.record_outcome(event)
    assert await told() == [decision.event, event]


async def test_a_correction_is_told_with_its_outcome_and_only_by_the_first_capture(subject: Subject) -> None:
    ledger, told = subject
    decision = a_decision()
    await ledger.record(decision)
    transaction_id = decision.transaction.transaction_id
    first, second = (an_outcome(transaction_id, amount_minor=amount) for amount in (2_000, 2_100))
    correction = a_correction(transaction_id=transaction_id)
    await ledger.record_outcome(first, correction)
    await ledger.record_outcome(first, correction)
    await ledger.record_outcome(second, correction)
    assert await told() == [decision.event, first, correction, second]

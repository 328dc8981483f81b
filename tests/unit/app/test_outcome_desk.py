"""Outcomes on a fake ledger: what they tell the stream of the payment they belong to."""

from typing import Any

import pytest
from factories import NOW_MS, a_decision, a_request
from fakes import FakeLedger
from keeping import keep

from app.outcomes import OutcomeDesk
from app.ports import LedgerUnavailable
from app.problems import UNKNOWN_TRANSACTION, RequestRefused
from app.requests import OutcomeReport
from domain.decision import Outcome, Verdict
from domain.events import PaymentCorrected, PaymentDecided, PaymentOutcome, event_time_ms, from_ms, to_ms

pytestmark = pytest.mark.anyio
LATER_MS = NOW_MS + 60_000


async def told(
    *reports: dict[str, Any], verdict: Verdict = Verdict.APPROVE, sandbox: bool = False
) -> list[Any]:
    """The events that follow a payment of 1,850 when these are reported."""
    ledger = FakeLedger()
    desk = OutcomeDesk(ledger=ledger, now_ms=lambda: LATER_MS, on_kept=lambda _: None)
    request = a_request(
        transaction_id="txn_a",
        user_id="usr_a",
        card_id="card_a",
        device_id="dev_a",
        amount_minor=1_850,
    )
    await keep(ledger, a_decision(request, verdict=verdict, sandbox=sandbox))
    for report in reports:
        given = {"outcome": Outcome.CAPTURED, "occurred_at": from_ms(LATER_MS - 500), **report}
        await desk.report("txn_a", OutcomeReport(**given), "tenant_a")
    return [event for event in ledger.events if not isinstance(event, PaymentDecided)]


async def test_an_outcome_names_everybody_the_payment_was_about() -> None:
    [event] = await told({"outcome": Outcome.FAILED})
    assert isinstance(event, PaymentOutcome)
    assert (event.card_id, event.device_id, event.pickup_zone) == ("card_a", "dev_a", "zone_a")


async def test_a_capture_of_another_amount_corrects_the_payment() -> None:
    _, correction = await told({"amount_minor": 2_100})
    assert isinstance(correction, PaymentCorrected)
    assert (correction.before_minor, correction.after_minor, correction.currency) == (1_850, 2_100, "USD")
    assert (to_ms(correction.paid_at), event_time_ms(correction)) == (NOW_MS, LATER_MS)
    assert (correction.user_id, correction.card_id) == ("usr_a", "card_a")
    assert (correction.device_id, correction.pickup_zone) == ("dev_a", "zone_a")


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        ({}, Verdict.APPROVE),
        ({"amount_minor": 1_850}, Verdict.APPROVE),
        ({"amount_minor": 900, "outcome": Outcome.REFUNDED}, Verdict.APPROVE),
        ({"amount_minor": 2_100}, Verdict.DECLINE),
    ],
    ids=["no amount", "the same amount", "a refund", "a declined payment"],
)
async def test_anything_else_corrects_nothing(report: dict[str, Any], verdict: Verdict) -> None:
    [event] = await told(report, verdict=verdict)
    assert isinstance(event, PaymentOutcome)


async def test_a_report_again_corrects_once_and_so_does_a_second_capture() -> None:
    report = {"amount_minor": 2_100}
    events = await told(report, report, {"amount_minor": 2_200})
    assert [type(event) for event in events] == [PaymentOutcome, PaymentCorrected, PaymentOutcome]


async def test_an_outcome_of_a_sandbox_payment_is_told_to_nobody() -> None:
    assert await told({"amount_minor": 2_100}, sandbox=True) == []


@pytest.mark.parametrize(("transaction_id", "tenant"), [("txn_b", "tenant_a"), ("txn_a", "tenant_b")])
async def test_an_outcome_of_a_payment_that_is_not_the_callers_is_refused(
    transaction_id: str, tenant: str
) -> None:
    ledger = FakeLedger()
    desk = OutcomeDesk(ledger=ledger, now_ms=lambda: LATER_MS, on_kept=lambda _: None)
    await keep(ledger, a_decision(a_request(transaction_id="txn_a")))
    report = OutcomeReport(outcome=Outcome.FAILED, occurred_at=from_ms(LATER_MS))
    with pytest.raises(RequestRefused) as refusal:
        await desk.report(transaction_id, report, tenant)
    assert refusal.value.problem is UNKNOWN_TRANSACTION
    assert ledger.outcomes == {}


async def test_what_was_kept_is_counted() -> None:
    ledger, counted = FakeLedger(), list[PaymentOutcome]()
    desk = OutcomeDesk(ledger=ledger, now_ms=lambda: LATER_MS, on_kept=counted.append)
    await keep(ledger, a_decision(a_request(transaction_id="txn_a")))
    report = OutcomeReport(outcome=Outcome.CHARGEBACK, occurred_at=from_ms(LATER_MS), reason_code="10.4")
    outcome_id = await desk.report("txn_a", report, "tenant_a")
    assert [event.id for event in counted] == [outcome_id]
    ledger.away = True
    with pytest.raises(LedgerUnavailable):
        await desk.report("txn_a", report, "tenant_a")
    assert len(counted) == 1

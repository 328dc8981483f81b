"""Outcomes on a fake ledger: what they tell the stream of the payment they belong to."""

from typing import Any

import pytest
from factories import NOW_MS, a_decision, a_request
from fakes import FakeLedger

from app.outcomes import OutcomeDesk
from app.requests import OutcomeReport
from domain.decision import Outcome, Verdict
from domain.events import PaymentCorrected, PaymentOutcome, event_time_ms, from_ms, to_ms

pytestmark = pytest.mark.anyio
LATER_MS = NOW_MS + 60_000


async def told(*reports: dict[str, Any], verdict: Verdict = Verdict.APPROVE) -> list[Any]:
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
    await ledger.record(a_decision(request, verdict=verdict))
    for report in reports:
        given = {"outcome": Outcome.CAPTURED, "occurred_at": from_ms(LATER_MS - 500), **report}
        await desk.report("txn_a", OutcomeReport(**given))
    return ledger.events[1:]


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

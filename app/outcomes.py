"""What became of a payment, as its caller reports it."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from app.decide import PRODUCER
from app.letters import in_letters
from app.ports import Ledger, Payment
from app.problems import UNKNOWN_TRANSACTION, RequestRefused
from app.requests import OutcomeReport
from domain.decision import Outcome, Verdict
from domain.events import PaymentCorrected, PaymentOutcome, from_ms, to_ms


@dataclass(frozen=True, kw_only=True)
class OutcomeDesk:
    ledger: Ledger
    now_ms: Callable[[], int]
    on_kept: Callable[[PaymentOutcome], None]

    async def report(self, transaction_id: str, report: OutcomeReport, tenant: str) -> str:
        """Keep the report and return its id: the same for the same report again, which changes nothing.

        Raises RequestRefused for a transaction never decided, LedgerUnavailable if nothing can be kept.
        """
        payment = await self.ledger.payment(transaction_id, tenant)
        if payment is None:
            raise RequestRefused(UNKNOWN_TRANSACTION, "the ledger holds no decision on it")
        event = PaymentOutcome(
            id=_outcome_id(transaction_id, report),
            event_time=from_ms(self.now_ms()),  # a chargeback of last week is news of today
            producer=PRODUCER,
            transaction_id=transaction_id,
            user_id=payment.user_id,
            card_id=payment.card_id,
            device_id=payment.device_id,
            pickup_zone=payment.pickup_zone,
            amount_minor=report.amount_minor or payment.amount_minor,
            currency=payment.currency,
            outcome=report.outcome,
            occurred_at=report.occurred_at,
            reason_code=report.reason_code,
        )
        await self.ledger.record_outcome(payment, event, _correction(event, payment))
        self.on_kept(event)
        return event.id


def _correction(event: PaymentOutcome, payment: Payment) -> PaymentCorrected | None:
    """For a capture of another amount than was decided on; a declined payment counts no money."""
    if event.outcome is not Outcome.CAPTURED or payment.verdict is Verdict.DECLINE:
        return None
    if event.amount_minor == payment.amount_minor:
        return None
    return PaymentCorrected(
        id=f"cor_{in_letters(sha256(event.transaction_id.encode()).hexdigest()[:32])}",
        event_time=event.event_time,
        producer=PRODUCER,
        transaction_id=event.transaction_id,
        user_id=payment.user_id,
        card_id=payment.card_id,
        device_id=payment.device_id,
        pickup_zone=payment.pickup_zone,
        paid_at=from_ms(payment.as_of_ms),
        before_minor=payment.amount_minor,
        after_minor=event.amount_minor,
        currency=payment.currency,
    )


def _outcome_id(transaction_id: str, report: OutcomeReport) -> str:
    content = f"{transaction_id} {report.outcome} {to_ms(report.occurred_at)} {report.amount_minor}"
    return f"out_{in_letters(sha256(content.encode()).hexdigest()[:32])}"

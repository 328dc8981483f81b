"""What became of a payment, as its caller reports it."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from app.decide import PRODUCER, in_letters
from app.ports import Ledger
from app.problems import UNKNOWN_TRANSACTION, RequestRefused
from app.requests import OutcomeReport
from domain.events import PaymentOutcome, from_ms, to_ms


@dataclass(frozen=True, kw_only=True)
class OutcomeDesk:
    ledger: Ledger
    now_ms: Callable[[], int]
    on_kept: Callable[[PaymentOutcome], None]

    async def report(self, transaction_id: str, report: OutcomeReport) -> str:
        """Keep the report and return its id: the same for the same report again, which changes nothing.

        Raises RequestRefused for a transaction never decided, LedgerUnavailable if nothing can be kept.
        """
        payment = await self.ledger.payment(transaction_id)
        if payment is None:
            raise RequestRefused(UNKNOWN_TRANSACTION, "the ledger holds no decision on it")
        event = PaymentOutcome(
            id=_outcome_id(transaction_id, report),
            event_time=from_ms(self.now_ms()),  # a chargeback of last week is news of today
            producer=PRODUCER,
            transaction_id=transaction_id,
            user_id=payment.user_id,
            card_id=payment.card_id,
            amount_minor=report.amount_minor or payment.amount_minor,
            currency=payment.currency,
            outcome=report.outcome,
            occurred_at=report.occurred_at,
            reason_code=report.reason_code,
        )
        await self.ledger.record_outcome(event)
        self.on_kept(event)
        return event.id


def _outcome_id(transaction_id: str, report: OutcomeReport) -> str:
    content = f"{transaction_id} {report.outcome} {to_ms(report.occurred_at)} {report.amount_minor}"
    return f"out_{in_letters(sha256(content.encode()).hexdigest()[:32])}"

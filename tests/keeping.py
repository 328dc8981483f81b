"""Puts decisions and outcomes into a ledger, as the use cases do."""

from app.ports import Decision, Ledger
from domain.events import PaymentCorrected, PaymentOutcome


async def keep(ledger: Ledger, decision: Decision) -> bytes:
    return await ledger.insert(ledger.row_of(decision))


async def keep_outcome(
    ledger: Ledger, event: PaymentOutcome, correction: PaymentCorrected | None = None
) -> None:
    payment = await ledger.payment(event.transaction_id, "tenant_a")
    assert payment is not None
    await ledger.record_outcome(payment, event, correction)

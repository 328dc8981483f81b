"""What is known of a payment in flight."""

from event_factories import NOW_MS, a_payment, a_transaction

from app.in_flight import UNDECIDED, overlaid
from domain.decision import Verdict
from domain.vector import as_attempt


def test_an_attempt_is_undecided() -> None:
    assert as_attempt(a_transaction(), NOW_MS).decision_id == UNDECIDED


def test_the_ledger_keeps_verdicts_as_they_were_known() -> None:
    waiting = as_attempt(a_transaction(transaction_id="txn_a"), NOW_MS)
    declined = a_payment(id="txn_b", verdict=Verdict.DECLINE)
    assert overlaid((waiting, declined)) == [("txn_a", None, NOW_MS), ("txn_b", Verdict.DECLINE, NOW_MS)]

"""What a live run needs from the world; each has an adapter, and a fake in the tests."""

from typing import Protocol

from data_generator.acts import AppEvent
from domain.decision import Outcome, Verdict
from domain.transaction import Transaction


class PaymentGateway(Protocol):
    """Both raise domain.errors.Retryable when nobody answers, another FaregateError when refused."""

    async def decide(self, transaction: Transaction) -> Verdict: ...

    async def report(
        self, transaction_id: str, outcome: Outcome, reason_code: str | None, occurred_at_ms: int
    ) -> None: ...


class EventSink(Protocol):
    def publish(self, event: AppEvent) -> None:
        """Never waits and never raises: what cannot be sent is counted by the sink."""

    def close(self) -> None: ...

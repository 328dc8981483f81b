"""What a live run needs from the world; each has an adapter, and a fake in the tests."""

from dataclasses import dataclass
from typing import Protocol

from data_generator.acts import AppEvent
from domain.decision import Outcome, Verdict
from domain.transaction import Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What the API answered; no probability stands behind a decision without a model."""

    decision_id: str
    verdict: Verdict
    probability: float | None


class PaymentGateway(Protocol):
    """Both raise domain.errors.Retryable when nobody answers, another FaregateError when refused."""

    async def decide(self, transaction: Transaction) -> Decision: ...

    async def report(
        self, transaction_id: str, outcome: Outcome, reason_code: str | None, occurred_at_ms: int
    ) -> None: ...


class LabelGateway(Protocol):
    """One analyst's way to say what a decision was; raises like PaymentGateway."""

    async def label(self, decision_id: str, *, fraud: bool) -> None: ...


class EventSink(Protocol):
    def publish(self, event: AppEvent) -> None:
        """Never waits and never raises: what cannot be sent is counted by the sink."""

    def close(self) -> None: ...

"""Stand-ins for the world; tests/contracts holds them to the same promises as the real adapters."""

from array import array
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Raw

from app.outbox import Message, Passed, Send, Settled
from app.ports import (
    Decision,
    FeaturesUnreadable,
    LedgerUnavailable,
    Payment,
    StoredFeatures,
    TransactionChanged,
)
from app.replies import DecisionRecord, RecordedOutcome
from domain.catalogue import FEATURE_NAMES
from domain.decision import Verdict
from domain.errors import ModelRefused
from domain.events import PaymentDecided, PaymentOutcome, from_ms
from domain.history import History
from domain.profile import Profile


class FakeFeatureReader:
    def __init__(self) -> None:
        self.cards: dict[str, History] = {}
        self.users: dict[str, History] = {}
        self.profiles: dict[str, Profile] = {}
        self.low_watermark_ms: int | None = None
        self.away = False
        self.before_read: Callable[[], object] = lambda: None

    async def read(self, *, card_id: str, user_id: str) -> StoredFeatures:
        self.before_read()
        if self.away:
            raise FeaturesUnreadable("the fake is away")
        return StoredFeatures(
            card=self.cards.get(card_id),
            user=self.users.get(user_id),
            profile=self.profiles.get(user_id),
            low_watermark_ms=self.low_watermark_ms,
        )


class FakeLedger:
    def __init__(self) -> None:
        self.decisions: dict[str, Decision] = {}  # by transaction
        self.outcomes: dict[str, PaymentOutcome] = {}
        self.events: list[PaymentDecided | PaymentOutcome] = []
        self.away = False

    def _answer(self) -> None:
        if self.away:
            raise LedgerUnavailable("the fake is away")

    async def record(self, decision: Decision) -> bytes:
        self._answer()
        first = self.decisions.setdefault(decision.transaction.transaction_id, decision)
        if first.request != decision.request:
            raise TransactionChanged("decided with another body")
        if first is decision:
            self.events.append(decision.event)
        return first.reply

    async def find(self, decision_id: str) -> DecisionRecord | None:
        self._answer()
        for decision in self.decisions.values():
            if decision.decision_id == decision_id:
                outcomes = self._outcomes(decision.transaction.transaction_id)
                return DecisionRecord(
                    reply=Raw(decision.reply), request=Raw(decision.request), outcomes=outcomes
                )
        return None

    def _outcomes(self, transaction_id: str) -> list[RecordedOutcome]:
        return [
            RecordedOutcome(
                outcome_id=event.id,
                outcome=event.outcome,
                reason_code=event.reason_code,
                amount_minor=event.amount_minor,
                occurred_at=event.event_time,
                recorded_at=event.event_time,
            )
            for event in self.outcomes.values()
            if event.transaction_id == transaction_id
        ]

    async def payment(self, transaction_id: str) -> Payment | None:
        self._answer()
        decision = self.decisions.get(transaction_id)
        if decision is None:
            return None
        transaction = decision.transaction
        return Payment(
            user_id=transaction.user_id,
            card_id=transaction.card_id,
            amount_minor=transaction.amount_minor,
            currency=transaction.currency,
        )

    async def record_outcome(self, event: PaymentOutcome) -> None:
        self._answer()
        if event.id not in self.outcomes:
            self.outcomes[event.id] = event
            self.events.append(event)


class FakeThresholds:
    def verdict(self, probability: float) -> Verdict:
        return Verdict.DECLINE if probability >= 0.5 else Verdict.APPROVE


class FakeModel:
    """Says `probability` of everything, because of the first features of the catalogue."""

    version = "mdl_fake"
    kind = "compiled"
    thresholds = FakeThresholds()

    def __init__(self, probability: float = 0.01) -> None:
        self.probability = probability
        self.broken = False
        self.seen: list[Sequence[float]] = []

    def score(self, vector: "array[float]") -> float:
        if self.broken:
            raise ModelRefused("the fake is broken")
        self.seen.append(vector)
        return self.probability

    def contributions(self, vector: "array[float]") -> list[float]:
        return [float(len(vector) - place) for place in range(len(FEATURE_NAMES))] + [-2.0]


class FakeOutbox:
    """Messages are numbered as they are put; `held` are with another relay."""

    def __init__(self) -> None:
        self.now: datetime = from_ms(1_790_000_000_000)
        self.unsent: dict[int, tuple[Message, datetime]] = {}
        self.held: set[int] = set()
        self.waits: list[float] = []
        self._next = 1

    def put(self, topic: str, key: str, payload: bytes) -> int:
        number = self._next
        self._next += 1
        message = Message(id=number, topic=topic, key=key, payload=payload, created_ms=number)
        self.unsent[number] = (message, self.now)
        return number

    def pass_on(self, send: Send, limit: int) -> Passed:
        taken = [message for number, (message, _) in self.unsent.items() if number not in self.held][:limit]
        sent = send(taken) if taken else []
        for number in sent:
            del self.unsent[number]
        return Passed(taken=len(taken), sent=len(sent))

    def settled(self) -> Settled:
        return Settled(now=self.now, until=min((at for _, at in self.unsent.values()), default=self.now))

    def wait(self, timeout_s: float) -> None:
        self.waits.append(timeout_s)
        self.now += timedelta(seconds=timeout_s)


class FakePublisher:
    def __init__(self) -> None:
        self.delivered: list[Message] = []
        self.heartbeats: list[tuple[str, int, bytes]] = []
        self.refuses: Callable[[Message], bool] = lambda _: False
        self.after_delivery: Callable[[], object] = lambda: None

    def send(self, messages: list[Message]) -> list[int]:
        passed = [message for message in messages if not self.refuses(message)]
        self.delivered += passed
        self.after_delivery()
        return [message.id for message in passed]

    def send_to_partition(self, topic: str, partition: int, payload: bytes) -> None:
        self.heartbeats.append((topic, partition, payload))

    def close(self) -> None:
        pass

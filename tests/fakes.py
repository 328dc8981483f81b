"""Stand-ins for the world; tests/contracts holds them to the same promises as the real adapters."""

from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import Raw, structs

from app.ledger_row import encode_row, row_of
from app.outbox import Message, Passed, Send, Settled
from app.ports import (
    Decision,
    Facts,
    FeaturesUnreadable,
    KeyReused,
    LedgerUnavailable,
    Payment,
    RuleFindings,
    StoredFeatures,
    TransactionChanged,
)
from app.replies import DecisionRecord, RecordedOutcome
from domain.catalogue import FEATURE_NAMES
from domain.decision import Outcome, Verdict
from domain.errors import ModelRefused
from domain.events import PaymentCorrected, PaymentDecided, PaymentOutcome, from_ms
from domain.history import History
from domain.labels import AnalystLabel
from domain.policy import Policy
from domain.profile import Profile
from domain.ring import Ring
from domain.rules import ListHit, RuleHit


class FakeFlight:
    """Payments in flight by their place; a reader and a ledger share it."""

    def __init__(self) -> None:
        self.payments: dict[int, PaymentDecided] = {}
        self._decided: set[str] = set()
        self._taken_over: set[int] = set()
        self._next = 1

    def arrive(self, attempt: PaymentDecided) -> int | None:
        if attempt.id in self._decided:
            return None
        for seq, payment in self.payments.items():
            if payment.id == attempt.id:
                self._taken_over.add(seq)
                self.payments[seq] = attempt
                return seq
        seq, self._next = self._next, self._next + 1
        self.payments[seq] = attempt
        return seq

    def before(self, attempt: PaymentDecided, seq: int | None) -> tuple[PaymentDecided, ...]:
        all_that_fly = seq is None or seq in self._taken_over
        return tuple(
            payment
            for place, payment in sorted(self.payments.items())
            if (all_that_fly or (seq is not None and place < seq))
            and payment.id != attempt.id
            and (
                payment.card_id == attempt.card_id
                or payment.user_id == attempt.user_id
                or payment.device_id == attempt.device_id
            )
        )

    def land(self, seq: int | None, event: PaymentDecided) -> None:
        self._decided.add(event.id)
        if seq in self.payments and self.payments[seq].id == event.id:
            self.payments[seq] = event

    def remove(self, seq: int | None) -> None:
        if seq in self.payments and self.payments[seq].id not in self._decided:
            del self.payments[seq]


class FakeFeatureReader:
    def __init__(self, flight: FakeFlight | None = None) -> None:
        self.flight = flight or FakeFlight()
        self.cards: dict[str, History] = {}
        self.users: dict[str, History] = {}
        self.devices: dict[str, History] = {}
        self.zone_histories: dict[str, History] = {}
        self.profiles: dict[str, Profile] = {}
        self.rings: dict[str, Ring] = {}
        self.low_watermark_ms: int | None = None
        self.away = False
        self.before_read: Callable[[], object] = lambda: None

    async def read(self, attempt: PaymentDecided) -> StoredFeatures:
        self._answer()
        return self._known(attempt, self.flight.arrive(attempt))

    async def look(self, attempt: PaymentDecided) -> StoredFeatures:
        self._answer()
        seq = self.flight.arrive(attempt)
        self.flight.remove(seq)
        return structs.replace(self._known(attempt, seq), seq=None)

    async def zones(self) -> Mapping[str, History]:
        self._answer()
        return dict(self.zone_histories)

    def _answer(self) -> None:
        self.before_read()
        if self.away:
            raise FeaturesUnreadable("the fake is away")

    def _known(self, attempt: PaymentDecided, seq: int | None) -> StoredFeatures:
        return StoredFeatures(
            card=self.cards.get(attempt.card_id),
            user=self.users.get(attempt.user_id),
            device=self.devices.get(attempt.device_id),
            zone=self.zone_histories.get(attempt.pickup_zone),
            profile=self.profiles.get(attempt.user_id),
            ring=self.rings.get(attempt.user_id),
            low_watermark_ms=self.low_watermark_ms,
            in_flight=self.flight.before(attempt, seq),
            seq=seq,
        )


class FakeLedger:
    def __init__(self, flight: FakeFlight | None = None) -> None:
        self.flight = flight or FakeFlight()
        self.decisions: dict[str, Decision] = {}  # by transaction
        self.outcomes: dict[str, PaymentOutcome] = {}
        self.labels: list[AnalystLabel] = []
        self.events: list[PaymentDecided | PaymentOutcome | PaymentCorrected] = []
        self.away = False
        self.before_insert: Callable[[], Awaitable[None]] | None = None
        self._rows: dict[bytes, Decision] = {}

    def _answer(self) -> None:
        if self.away:
            raise LedgerUnavailable("the fake is away")

    def row_of(self, decision: Decision) -> bytes:
        row = encode_row(row_of(decision))
        self._rows[row] = decision
        return row

    async def insert(self, row: bytes) -> bytes:
        if self.before_insert:
            await self.before_insert()
        self._answer()
        decision = self._rows[row]
        first = self._first(decision)
        if first is not None:
            self.flight.remove(decision.features.seq)
            return _stored_reply(first, decision)
        self.decisions[decision.transaction.transaction_id] = decision
        if not decision.sandbox:
            self.events.append(decision.event)
            self.flight.land(decision.features.seq, decision.event)
        return decision.reply

    def _first(self, decision: Decision) -> Decision | None:
        """What was decided under its key, else on its transaction."""
        for known in self.decisions.values():
            if (known.tenant, known.idempotency_key) == (decision.tenant, decision.idempotency_key):
                return known
        return self.decisions.get(decision.transaction.transaction_id)

    async def recall(self, tenant: str, key: str) -> tuple[bytes, bytes] | None:
        self._answer()
        for known in self.decisions.values():
            if (known.tenant, known.idempotency_key) == (tenant, key):
                return known.fingerprint, known.reply
        return None

    async def find(self, decision_id: str, tenant: str) -> DecisionRecord | None:
        self._answer()
        for decision in self.decisions.values():
            if (decision.decision_id, decision.tenant) == (decision_id, tenant):
                outcomes = self._outcomes(decision.transaction.transaction_id)
                return DecisionRecord(
                    reply=Raw(decision.reply), request=Raw(decision.request), outcomes=outcomes
                )
        return None

    async def record_label(self, label: AnalystLabel, tenant: str) -> bool:
        if await self.find(label.decision_id, tenant) is None:
            return False
        self.labels.append(label)
        return True

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

    async def payment(self, transaction_id: str, tenant: str) -> Payment | None:
        self._answer()
        decision = self.decisions.get(transaction_id)
        if decision is None or decision.tenant != tenant:
            return None
        transaction = decision.transaction
        return Payment(
            decision_id=decision.decision_id,
            decided_at=decision.decided_at,
            sandbox=decision.sandbox,
            user_id=transaction.user_id,
            card_id=transaction.card_id,
            device_id=transaction.device_id,
            pickup_zone=transaction.pickup_zone,
            amount_minor=transaction.amount_minor,
            currency=transaction.currency,
            verdict=decision.verdict,
            as_of_ms=decision.as_of_ms,
        )

    async def record_outcome(
        self, payment: Payment, event: PaymentOutcome, correction: PaymentCorrected | None = None
    ) -> None:
        self._answer()
        if event.id in self.outcomes:
            return
        captured = any(
            known.outcome is Outcome.CAPTURED and known.transaction_id == event.transaction_id
            for known in self.outcomes.values()
        )
        self.outcomes[event.id] = event
        if payment.sandbox:
            return
        self.events += [event] if correction is None or captured else [event, correction]


def _stored_reply(first: Decision, again: Decision) -> bytes:
    if (first.tenant, first.fingerprint) == (again.tenant, again.fingerprint):
        return first.reply
    if (first.tenant, first.idempotency_key) == (again.tenant, again.idempotency_key):
        raise KeyReused("the key was used for another body")
    raise TransactionChanged("decided with another body")


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


class HangingModel(FakeModel):
    """Says nothing in time."""


class FakeRulebook:
    """Finds what it is told to find."""

    version = 7

    def __init__(self, *hits: RuleHit, failed: tuple[str, ...] = ()) -> None:
        self.findings = RuleFindings(hits=hits, failed=failed)
        self.examined: list[Facts] = []

    def examine(self, facts: Facts) -> RuleFindings:
        self.examined.append(facts)
        return self.findings


class FakeListBook:
    version = 3

    def __init__(self, entry: ListHit | None = None) -> None:
        self.entry = entry

    def match(self, _facts: Facts) -> ListHit | None:
        return self.entry


@dataclass
class FakePolicies:
    rulebook: FakeRulebook = field(default_factory=FakeRulebook)
    lists: FakeListBook = field(default_factory=FakeListBook)
    policy: Policy | None = None


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

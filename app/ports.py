"""What the approval use case needs from the world; each has an adapter and a fake that pass one suite."""

from array import array
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from app.replies import DecisionRecord
from domain.decision import Rung, Verdict
from domain.errors import FaregateError, Retryable
from domain.events import PaymentCorrected, PaymentDecided, PaymentOutcome
from domain.history import History
from domain.platform import Pulse
from domain.profile import Profile
from domain.reasons import Reason
from domain.transaction import Transaction


class FeaturesUnreadable(Retryable):
    """The online store did not answer, or not with what can be read."""


class LedgerUnavailable(Retryable):
    """Nothing durable can be written."""


class TransactionChanged(FaregateError):
    """The ledger holds another request under the same transaction id."""


class StoredFeatures(Struct, frozen=True, kw_only=True):
    """What the stream has learned so far; None is an entity it has never met.

    `in_flight` are payments of the same card, user or device that came before, which the stream may not have
    told yet, in the order of their coming; `seq` is the payment's own place in that order.
    """

    card: History | None = None
    user: History | None = None
    device: History | None = None
    zone: History | None = None
    profile: Profile | None = None
    low_watermark_ms: int | None = None
    in_flight: tuple[PaymentDecided, ...] = ()
    seq: int | None = None


class KnownPulse(Struct, frozen=True, kw_only=True):
    """A pulse, and of each zone it is the sum of: epoch, version and positions of its history."""

    id: str
    pulse: Pulse
    zones: dict[str, tuple[int, int, list[int]]]


class Decision(Struct, frozen=True, kw_only=True):
    """One row of the ledger; `vector` is the float32 bytes that the model read."""

    decision_id: str
    transaction: Transaction
    decided_at: datetime
    as_of_ms: int
    verdict: Verdict
    score: int
    probability: float | None
    rung: Rung
    rung_reason: str | None
    feature_age_ms: int | None
    model_version: str | None
    scorer_kind: str | None
    features: StoredFeatures
    pulse: KnownPulse | None
    vector: bytes | None
    request: bytes
    reply: bytes
    reasons: list[Reason]
    latency_us: int
    event: PaymentDecided


class Payment(Struct, frozen=True, kw_only=True):
    """What an outcome needs to know of the payment it belongs to."""

    user_id: str
    card_id: str
    device_id: str
    pickup_zone: str
    amount_minor: int
    currency: str
    verdict: Verdict
    as_of_ms: int


class FeatureReader(Protocol):
    """Every method raises FeaturesUnreadable."""

    async def read(self, attempt: PaymentDecided) -> StoredFeatures:
        """Put a payment among those in flight, and read all that is known before it in one consistent read.

        Of two payments of one card, user or device, by whatever process, the later sees the earlier. One
        that was decided before gets no place.
        """

    async def look(self, attempt: PaymentDecided) -> StoredFeatures:
        """As read, but nobody ever sees the payment, which gets no place."""

    async def zones(self) -> Mapping[str, History]:
        """The histories of all zones, by zone."""


class Ledger(Protocol):
    """Every method raises LedgerUnavailable when the ledger cannot be reached."""

    async def record(self, decision: Decision) -> bytes:
        """Keep the decision and its event in one step, and return the reply stored for the transaction.

        In the same step the payment in flight gets its verdict, and the pulse is kept if it is not yet.

        That is another reply than the decision's own if the transaction was decided before; raises
        TransactionChanged if it was decided with another request.
        """

    async def find(self, decision_id: str) -> DecisionRecord | None: ...

    async def payment(self, transaction_id: str) -> Payment | None: ...

    async def record_outcome(self, event: PaymentOutcome, correction: PaymentCorrected | None = None) -> None:
        """Keep the outcome and its events in one step; an outcome with a known id changes nothing.

        The correction is left out if another capture of the payment is known.
        """


class Thresholds(Protocol):
    def verdict(self, probability: float) -> Verdict: ...


class Model(Protocol):
    """scoring.scorer.Scorer as seen from here; score and contributions raise ModelRefused if they fail."""

    @property
    def version(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def thresholds(self) -> Thresholds: ...

    def score(self, vector: "array[float]") -> float: ...

    def contributions(self, vector: "array[float]") -> list[float]: ...

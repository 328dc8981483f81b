"""What the approval use case needs from the world; each has an adapter and a fake that pass one suite."""

from array import array
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from app.replies import DecisionRecord
from domain.decision import Rung, Verdict
from domain.errors import FaregateError, Retryable
from domain.events import PaymentDecided, PaymentOutcome
from domain.history import History
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
    """What the stream has learned so far; None is an entity it has never met."""

    card: History | None = None
    user: History | None = None
    profile: Profile | None = None
    low_watermark_ms: int | None = None


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
    amount_minor: int
    currency: str


class FeatureReader(Protocol):
    async def read(self, *, card_id: str, user_id: str) -> StoredFeatures:
        """Everything stored of the two in one consistent read; raises FeaturesUnreadable."""


class Ledger(Protocol):
    """Every method raises LedgerUnavailable when the ledger cannot be reached."""

    async def record(self, decision: Decision) -> bytes:
        """Keep the decision and its event in one step, and return the reply stored for the transaction.

        That is another reply than the decision's own if the transaction was decided before; raises
        TransactionChanged if it was decided with another request.
        """

    async def find(self, decision_id: str) -> DecisionRecord | None: ...

    async def payment(self, transaction_id: str) -> Payment | None: ...

    async def record_outcome(self, event: PaymentOutcome) -> None:
        """Keep the outcome and its event in one step; an outcome with a known id changes nothing."""


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

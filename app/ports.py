"""What the approval use case needs from the world; each has an adapter and a fake that pass one suite."""

from array import array
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from app.pass_through import PassedThrough
from app.replies import DecisionRecord
from domain.decision import Rung, Verdict
from domain.errors import FaregateError, Retryable
from domain.events import PaymentCorrected, PaymentDecided, PaymentOutcome
from domain.history import History
from domain.labels import AnalystLabel
from domain.platform import Pulse
from domain.policy import Policy
from domain.profile import Profile
from domain.reasons import Reason
from domain.ring import Ring
from domain.rules import ListHit, RuleHit
from domain.transaction import Transaction


class FeaturesUnreadable(Retryable):
    """The online store did not answer, or not with what can be read."""


class LedgerUnavailable(Retryable):
    """Nothing durable can be written."""


class JournalUnavailable(Retryable):
    """This host's journal cannot be read or written."""


class JournalBusy(JournalUnavailable):
    """Others write it at this moment."""


class TransactionChanged(FaregateError):
    """Another request was decided under the same transaction id."""


class KeyReused(FaregateError):
    """Another request was decided under the same idempotency key."""


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
    ring: Ring | None = None
    low_watermark_ms: int | None = None
    in_flight: tuple[PaymentDecided, ...] = ()
    seq: int | None = None


class KnownPulse(Struct, frozen=True, kw_only=True):
    """A pulse, and of each zone it is the sum of: epoch, version and positions of its history."""

    id: str
    pulse: Pulse
    zones: dict[str, tuple[int, int, list[int]]]


class Evidence(Struct, frozen=True, kw_only=True):
    """What else a verdict was made of; see app.judging and ports.RuleFindings."""

    normals: Mapping[str, float] = {}
    list_entry: ListHit | None = None
    failed: tuple[str, ...] = ()
    forced: Verdict | None = None
    pass_through: PassedThrough | None = None


class Decision(Struct, frozen=True, kw_only=True):
    """A row of the ledger and its event; `vector` is the float32 bytes that the model read."""

    decision_id: str
    tenant: str
    idempotency_key: str
    fingerprint: bytes
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
    rulebook_version: int
    lists_version: int
    policy_version: str
    features: StoredFeatures
    pulse: KnownPulse | None
    vector: bytes | None
    evidence: Evidence
    rules: tuple[RuleHit, ...]
    request: bytes
    reply: bytes
    reasons: list[Reason]
    latency_us: int
    event: PaymentDecided
    sandbox: bool = False


class Payment(Struct, frozen=True, kw_only=True):
    """What an outcome needs to know of the payment it belongs to."""

    decision_id: str
    decided_at: datetime
    sandbox: bool
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

    def row_of(self, decision: Decision) -> bytes:
        """The decision as `insert` takes it, for a journal to keep meanwhile."""

    async def insert(self, row: bytes) -> bytes:
        """Keep a decision and its event in one step, and return the reply stored for its key.

        In the same step the payment in flight gets its verdict, and the pulse is kept if it is not yet.
        That is another reply than the decision's own if its key or its transaction was decided before; raises
        KeyReused or TransactionChanged if it was decided with another request.
        """

    async def recall(self, tenant: str, key: str) -> tuple[bytes, bytes] | None:
        """Fingerprint and reply of what was decided under a key."""

    async def find(self, decision_id: str, tenant: str) -> DecisionRecord | None: ...

    async def payment(self, transaction_id: str, tenant: str) -> Payment | None: ...

    async def record_outcome(
        self, payment: Payment, event: PaymentOutcome, correction: PaymentCorrected | None = None
    ) -> None:
        """Keep the outcome and its events in one step; an outcome with a known id changes nothing.

        The correction is left out if another capture of the payment is known.
        """

    async def record_label(self, label: AnalystLabel, tenant: str) -> bool:
        """Keep an analyst's word on a decision; False if the tenant has no such decision."""


class JournalEntry(Struct, frozen=True, kw_only=True):
    """A decided key. `row` is what the ledger inserts, encoded; None once PostgreSQL has it."""

    tenant: str
    key: str
    transaction_id: str
    fingerprint: bytes
    reply: bytes
    row: bytes | None
    at_ms: int


class Journal(Protocol):
    """One a host, shared by its processes; every method raises JournalUnavailable."""

    def find(self, tenant: str, key: str) -> JournalEntry | None: ...

    def claim(self, entry: JournalEntry) -> JournalEntry:
        """The first entry of this key, or of this transaction, on this host: ours or an earlier one."""

    async def secure(self) -> None:
        """Return when all that was claimed survives a power cut."""

    def mark_kept(self, entry: JournalEntry) -> None:
        """PostgreSQL has it, with this reply; written soon, together with others."""

    def pending(self, before_ms: int, limit: int) -> list[JournalEntry]:
        """The oldest entries from before `before_ms` that PostgreSQL may not have."""


class Facts(Struct, frozen=True, kw_only=True):
    """What rules and lists look at; `features` by name, NaN where missing, None without histories."""

    transaction: Transaction
    as_of_ms: int
    rung: Rung
    email_hash: str | None = None
    features: Mapping[str, float] | None = None
    probability: float | None = None


class RuleFindings(Struct, frozen=True, kw_only=True):
    """Rules that are true, the highest priority first, and the ids of those that could not be evaluated."""

    hits: tuple[RuleHit, ...] = ()
    failed: tuple[str, ...] = ()


class Rulebook(Protocol):
    @property
    def version(self) -> int: ...

    def examine(self, facts: Facts) -> RuleFindings:
        """Never raises: a rule that fails is skipped."""


class ListBook(Protocol):
    @property
    def version(self) -> int: ...

    def match(self, facts: Facts) -> ListHit | None:
        """The entry that holds now, block before allow."""


class Policies(Protocol):
    """What is in force, as one value that is replaced whole."""

    @property
    def rulebook(self) -> Rulebook: ...
    @property
    def lists(self) -> ListBook: ...
    @property
    def policy(self) -> Policy | None: ...


class Caller(Struct, frozen=True, kw_only=True):
    """Who calls: `tenant` owns the idempotency keys, a `test` key may use the published test tokens."""

    tenant: str
    key_id: str
    scopes: frozenset[str]
    test: bool = False


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

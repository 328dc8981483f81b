"""What the page reads, as it comes from the ledger and the pipeline."""

from datetime import datetime

from msgspec import Struct

from domain.decision import Outcome, Rung, Verdict
from domain.reasons import Reason


class DecisionRow(Struct, frozen=True, kw_only=True):
    decision_id: str
    decided_at: datetime
    verdict: Verdict
    amount_minor: int
    currency: str
    user_id: str
    card_id: str
    pickup_zone: str
    dropoff_zone: str
    score: int
    rung: Rung
    latency_us: int
    model_version: str | None
    scorer_kind: str | None


class Alert(Struct, frozen=True, kw_only=True):
    decision_id: str
    decided_at: datetime
    verdict: Verdict
    amount_minor: int
    currency: str
    user_id: str
    card_id: str
    score: int
    rung: Rung
    reasons: list[Reason]
    last_outcome: Outcome | None


class VerdictTotal(Struct, frozen=True, kw_only=True):
    """`released` went through after a passed challenge, and is part of the whole."""

    verdict: Verdict
    payments: int
    amount_minor: int
    released_payments: int = 0
    released_minor: int = 0


class ChargebackTotal(Struct, frozen=True, kw_only=True):
    verdict: Verdict
    chargebacks: int
    amount_minor: int


class RungTotal(Struct, frozen=True, kw_only=True):
    rung: Rung
    decisions: int


class DecisionTimes(Struct, frozen=True, kw_only=True):
    p50_us: float | None
    p99_us: float | None


class AlertBucket(Struct, frozen=True, kw_only=True):
    starts_at: datetime
    verdict: Verdict
    payments: int


class Pipeline(Struct, frozen=True, kw_only=True):
    """`now` is the database's clock, by which all ages are told."""

    now: datetime
    watermark: bytes | None
    watermark_written_at: datetime | None
    waiting_events: int
    waiting_since: datetime | None


class Parity(Struct, frozen=True, kw_only=True):
    """The newest check, if any; `is_due` when decisions were made that a newer one should have looked at."""

    checked_at: datetime | None
    checked_decisions: int | None
    as_known: int | None
    with_hindsight: int | None
    is_due: bool


class DriftRow(Struct, frozen=True, kw_only=True):
    """One subject of the newest drift check, and how many features of that check were judged and alarmed."""

    checked_at: datetime
    subject: str
    psi: float | None
    ks: float | None
    missing_rise: float
    out_of_range: float
    rows: int
    alarm: str | None
    features: int
    alarmed_features: int


class Totals(Struct, frozen=True, kw_only=True):
    """Sums over a whole period."""

    verdicts: list[VerdictTotal]
    chargebacks: list[ChargebackTotal]
    rungs: list[RungTotal]
    times: DecisionTimes
    buckets: list[AlertBucket]


class Snapshot(Totals, frozen=True, kw_only=True):
    """Everything of one look at the ledger; totals are over the last `period_min` minutes."""

    period_min: int
    newest: list[DecisionRow]
    alerts: list[Alert]
    pipeline: Pipeline
    parity: Parity
    drift: list[DriftRow]  # the score's first, then the worst features; empty before the first check


class OutcomeRow(Struct, frozen=True, kw_only=True):
    outcome: Outcome
    reason_code: str | None
    amount_minor: int
    occurred_at: datetime


class DecisionDetail(Struct, frozen=True, kw_only=True):
    decision_id: str
    transaction_id: str
    decided_at: datetime
    as_of_ms: int
    user_id: str
    card_id: str
    device_id: str
    driver_id: str
    ride_id: str
    amount_minor: int
    currency: str
    pickup_zone: str
    dropoff_zone: str
    verdict: Verdict
    score: int
    probability: float | None
    rung: Rung
    rung_reason: str | None
    feature_age_ms: int | None
    model_version: str | None
    scorer_kind: str | None
    card_epoch: int | None
    card_version: int | None
    user_epoch: int | None
    user_version: int | None
    profile_epoch: int | None
    profile_version: int | None
    vector: bytes | None
    reasons: list[Reason]
    latency_us: int
    outcomes: list[OutcomeRow] = []


class StreamReading(Struct, frozen=True, kw_only=True):
    """What Flink and Kafka say of themselves; None is what nobody told us where to ask, or did not answer."""

    asked_flink: bool = False
    job_state: str | None = None
    asked_kafka: bool = False
    dead_letters: int | None = None

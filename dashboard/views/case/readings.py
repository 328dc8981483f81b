"""What the case page reads, as it comes from the ledger."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from app.desk.audit import Told
from app.desk.case_state import Resolution
from dashboard.readings import DecisionDetail
from domain.decision import Outcome, Verdict
from domain.labels import Label
from domain.rules import RuleHit


class Point(Struct, frozen=True, kw_only=True):
    """A zone and a place in it, in degrees."""

    zone: str
    lat: float
    lon: float


class Trip(Struct, frozen=True, kw_only=True):
    """What a request says of the ride."""

    pickup: Point
    dropoff: Point
    distance_m: int
    promo_id: str | None = None


class Subject(DecisionDetail, frozen=True, kw_only=True):
    """A decision, and where its case stands; `revision` is None for a payment that raised no alert.

    `now` is the database's clock, `assignee_name` and `closed_by_name` are None for who is not known here.
    """

    now: datetime
    request: bytes
    evidence: dict[str, Any]
    rules: list[RuleHit]
    policy_version: str
    revision: int | None
    at_risk_minor: int | None
    review_minutes: float | None
    rule_ids: list[str] | None
    lead_reason: str | None
    assignee: str | None
    assignee_name: str | None
    claimed_until: datetime | None
    snoozed_until: datetime | None
    escalated_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    closed_by_name: str | None
    resolution: Resolution | None
    fraud_type: str | None


class Standing(Struct, frozen=True, kw_only=True):
    """What a look at a case every few seconds needs."""

    revision: int
    assignee: str | None
    assignee_name: str | None
    claimed_until: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    closed_by_name: str | None
    resolution: Resolution | None


class Word(Struct, frozen=True, kw_only=True):
    """What an analyst, or a caller with a key, said of the payment."""

    label_id: str
    label: Label
    fraud_type: str | None
    labelled_by: str
    name: str | None
    why: str
    labelled_at: datetime


class PaymentRow(Struct, frozen=True, kw_only=True):
    """A payment of the rider, the card or the device, with what became of it."""

    decision_id: str
    decided_at: datetime
    user_id: str
    card_id: str
    device_id: str
    amount_minor: int
    currency: str
    pickup_zone: str
    dropoff_zone: str
    verdict: Verdict
    score: int
    outcome: Outcome | None
    label: Label | None


class Before(Struct, frozen=True, kw_only=True):
    """The rider's payment before this one."""

    decision_id: str
    as_of_ms: int
    request: bytes


class LinkRow(Struct, frozen=True, kw_only=True):
    """Who used a card or a device that the rider used; `users` is how many did in all, as far as counted."""

    kind: str
    entity_id: str
    user_id: str
    users: int


class Marked(Struct, frozen=True, kw_only=True):
    """A rider with payments that were frauds: charged back, or so labelled."""

    user_id: str
    chargebacks: int
    labelled: int


class ClosedCase(Struct, frozen=True, kw_only=True):
    """A closed case with the same strongest reason."""

    decision_id: str
    decided_at: datetime
    closed_at: datetime
    closed_by: str
    closed_by_name: str | None
    resolution: Resolution
    fraud_type: str | None
    verdict: Verdict
    amount_minor: int
    currency: str
    score: int
    vector: bytes


class SampleRow(Struct, frozen=True, kw_only=True):
    vector: bytes
    request: bytes


class Case(Struct, frozen=True, kw_only=True):
    """What is shown at once."""

    subject: Subject
    words: list[Word]
    told: list[Told]
    names: dict[str, str]


class Around(Struct, frozen=True, kw_only=True):
    """What is near the payment: other payments, the ride before, and who shares cards and devices."""

    payments: list[PaymentRow]
    before: Before | None
    links: list[LinkRow]
    marked: list[Marked]
    ring_id: str | None
    similar: list[ClosedCase]

"""What the overview reads: sums over slices of time, never single payments."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from domain.decision import Verdict


class Decided(Struct, frozen=True, kw_only=True):
    starts_at: datetime
    verdict: Verdict
    payments: int
    amount_minor: int


class Times(Struct, frozen=True, kw_only=True):
    starts_at: datetime
    p50_us: float
    p99_us: float


class Drawn(Struct, frozen=True, kw_only=True):
    """A payment that the lottery let through instead of stopping it, with what is known of it."""

    decided_at: datetime
    chance: float
    truth: Literal["fraud", "good"] | None


class Day(Struct, frozen=True, kw_only=True):
    """What was decided in a day, or a part of one."""

    decided: list[Decided] = []
    times: list[Times] = []
    drawn: list[Drawn] = []


class Stopped(Struct, frozen=True, kw_only=True):
    """Payments that were held or refused and stayed so; `expected` sums run over chances of fraud."""

    starts_at: datetime
    truth: Literal["fraud", "good"] | None
    payments: int
    amount_minor: int
    expected_frauds: float
    expected_minor: float


class Known(Struct, frozen=True, kw_only=True):
    """Payments somebody has spoken for; what was lost went through and was charged back."""

    starts_at: datetime
    frauds: int
    good: int
    lost_payments: int
    lost_minor: int


class TypeRow(Struct, frozen=True, kw_only=True):
    """Alerts alike, by the hour of the day in UTC."""

    hour: int
    fraud_type: str | None
    lead_reason: str | None
    rule_ids: list[str]
    alerts: int
    amount_minor: int


class ZoneRow(Struct, frozen=True, kw_only=True):
    """`fraud_minor` by what is known of each alert, else by its chance of fraud."""

    zone: str
    alerts: int
    amount_minor: int
    fraud_minor: float


class ZonePlace(Struct, frozen=True, kw_only=True):
    zone: str
    lat: float
    lon: float


class Change(Struct, frozen=True, kw_only=True):
    """`kind` is what became of a model, or what sort of policy changed."""

    at: datetime
    kind: Literal["champion", "canary", "rules", "policy"]
    subject: str
    by: str
    why: str


class Truths(Struct, frozen=True, kw_only=True):
    """What has become known of a whole period, as of now. `matured` went through long ago, unchallenged."""

    stopped: list[Stopped]
    known: list[Known]
    matured: int
    types: list[TypeRow]
    zones: list[ZoneRow]
    changes: list[Change]


class Overview(Struct, frozen=True, kw_only=True):
    now: datetime
    maturity_ms: int
    decided: list[Decided]
    times: list[Times]
    drawn: list[Drawn]
    truths: Truths
    places: list[ZonePlace]

"""What the rings page reads."""

from datetime import date, datetime

from msgspec import Struct

from domain.decision import Outcome, Verdict
from domain.labels import Label


class RingRow(Struct, frozen=True, kw_only=True):
    """A ring in the list; money is of its riders' payments in the last 30 days, in minor units.

    `joins` are how many riders joined on each of the last days, the oldest first.
    """

    ring_id: str
    riders: int
    shared_cards: int
    shared_devices: int
    first_at: datetime
    joined_lately: int
    open_cases: int
    at_risk_minor: int
    paid_minor: int
    stopped_minor: int
    charged_back_minor: int
    known_frauds: int
    joins: tuple[int, ...]


class Standing(Struct, frozen=True, kw_only=True):
    """What the tables of rings and alerts say of a ring."""

    ring_id: str
    riders: int
    first_at: datetime
    joined_lately: int
    open_cases: int
    at_risk_minor: int


class Joined(Struct, frozen=True, kw_only=True):
    ring_id: str
    day: date
    riders: int


class Shared(Struct, frozen=True, kw_only=True):
    ring_id: str
    cards: int
    devices: int


class Money(Struct, frozen=True, kw_only=True):
    ring_id: str
    paid_minor: int
    stopped_minor: int
    charged_back_minor: int
    known_frauds: int


class Member(Struct, frozen=True, kw_only=True):
    """A rider of a ring with what they did in the last 30 days; `last_…` is None if that is nothing."""

    user_id: str
    joined_at: datetime
    payments: int
    paid_minor: int
    stopped_minor: int
    charged_back_minor: int
    frauds: int
    open_cases: int
    last_decision_id: str | None
    last_decided_at: datetime | None
    last_verdict: Verdict | None
    last_amount_minor: int | None
    last_currency: str | None
    last_outcome: Outcome | None
    last_label: Label | None


class Use(Struct, frozen=True, kw_only=True):
    """A rider of the ring used a card or device that connects it."""

    kind: str
    entity_id: str
    user_id: str


class Ring(Struct, frozen=True, kw_only=True):
    """One ring, opened."""

    ring_id: str
    now: datetime
    members: list[Member]
    uses: list[Use]

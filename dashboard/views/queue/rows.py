"""What the queue shows, as it comes from the ledger."""

from datetime import datetime

from msgspec import Struct

from app.desk.case_state import CaseState
from domain.decision import Verdict


class AlertRow(CaseState, frozen=True, kw_only=True):
    """An alert and where its case stands; `raised` is false for a payment that raised none."""

    decided_at: datetime
    user_id: str
    amount_minor: int
    currency: str
    pickup_zone: str
    verdict: Verdict
    model_version: str | None
    rule_ids: list[str]
    lead_reason: str | None
    sentence: str | None
    at_risk_minor: int | None
    worth: float | None
    raised: bool = True


class Cursor(Struct, frozen=True, kw_only=True):
    """A place in the queue's order, and which side of it is wanted."""

    worth: float
    decision_id: str
    backwards: bool = False


class Page(Struct, frozen=True, kw_only=True):
    """Rows in the queue's order as of `taken_at`, by the database's clock.

    `ahead` are those before the first and `total` all that match, neither counted beyond a limit; `known`
    are young alerts that were there already, which must not be announced as new.
    """

    rows: list[AlertRow]
    taken_at: datetime
    known: list[str]
    ahead: int
    total: int


class Look(Struct, frozen=True, kw_only=True):
    """A glance at a page that is being worked on."""

    now: datetime
    arrived: int
    states: list[CaseState]


class Choices(Struct, frozen=True, kw_only=True):
    """What can be filtered by, as lately seen."""

    zones: list[str]
    rules: list[str]
    models: list[str]

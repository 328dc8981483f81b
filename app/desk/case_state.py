"""Where a case stands, and what may be said of it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from domain.labels import Label


class Resolution(StrEnum):
    FRAUD = "fraud"
    GOOD = "good"
    CANNOT_TELL = "cannot_tell"

    @property
    def label(self) -> Label:
        """The word that the ledger keeps of it."""
        return Label.UNKNOWN if self is Resolution.CANNOT_TELL else Label(self)


class CaseState(Struct, frozen=True, kw_only=True):
    """`revision` rises with every change, so that a page can tell which state it shows."""

    decision_id: str
    revision: int
    assignee: str | None
    claimed_until: datetime | None
    snoozed_until: datetime | None
    escalated_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    resolution: Resolution | None
    fraud_type: str | None


class Block(Struct, frozen=True, kw_only=True):
    """A value for a list, for so many days; None is for good."""

    list: Literal["block", "allow"]
    value: str
    days: int | None


class Counted(Struct, frozen=True, kw_only=True):
    """What became of many cases: how many were done, and why the others were not, by decision_id."""

    done: int
    refused: dict[str, str]

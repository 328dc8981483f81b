"""Rules that analysts write, and what they and the lists found in one decision."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct


class Action(StrEnum):
    """What a rule does to the decision; ADD_SCORE moves the score, the others give the verdict."""

    DECLINE = "decline"
    CHALLENGE = "challenge"
    REVIEW = "review"
    APPROVE = "approve"
    ADD_SCORE = "add_score"


class Mode(StrEnum):
    DRAFT = "draft"  # kept, never evaluated
    SHADOW = "shadow"  # evaluated and recorded, without effect
    LIVE = "live"


class Rule(Struct, frozen=True, kw_only=True):
    """One version of a rule. `share` is the part of riders, 0 to 1, that a live rule acts on; `points` are
    on the scale of the score and belong to ADD_SCORE alone; the highest `priority` goes first."""

    rule_id: str
    version: int
    expression: str
    action: Action
    points: int | None = None
    priority: int = 0
    mode: Mode = Mode.DRAFT
    share: float = 1.0
    owner: str
    expires_at_ms: int | None = None
    note: str = ""


class RuleHit(Struct, frozen=True, kw_only=True):
    """A rule that is true of a decision; a shadow rule, or one outside its share, hits without acting."""

    rule_id: str
    version: int
    action: Action
    mode: Mode
    points: int | None
    acted: bool


class ListHit(Struct, frozen=True, kw_only=True):
    entry_id: str
    list: Literal["block", "allow"]
    field: Literal["card_id", "user_id", "device_id", "email_hash"]

"""What callers get."""

from datetime import datetime

from msgspec import Raw, Struct, json

from domain.decision import Outcome, Rung, Verdict
from domain.reasons import Reason
from domain.rules import ListHit, RuleHit


class Versions(Struct, frozen=True, kw_only=True):
    """What decided; no model stood behind rungs R2 and R3. The defaults are those of replies of old."""

    model: str | None
    rules: int = 0
    lists: int = 0
    policy: str = "before"


class Reply(Struct, frozen=True, kw_only=True):
    """A verdict. `score` shows `probability` on a scale: 50 is even odds, every 7 points double the odds.

    `rules` are those that acted, the first to act first; `list_entry` is the entry that decided alone.
    """

    decision_id: str
    transaction_id: str
    verdict: Verdict
    score: int
    probability: float | None
    rung: Rung
    rung_reason: str | None
    feature_age_ms: int | None
    reasons: list[Reason]
    rules: list[RuleHit] = []
    list_entry: ListHit | None = None
    versions: Versions
    decided_at: datetime


class OutcomeReceipt(Struct, frozen=True, kw_only=True):
    outcome_id: str


class LabelReceipt(Struct, frozen=True, kw_only=True):
    label_id: str


class RecordedOutcome(Struct, frozen=True, kw_only=True):
    outcome_id: str
    outcome: Outcome
    reason_code: str | None
    amount_minor: int
    occurred_at: datetime
    recorded_at: datetime


class DecisionRecord(Struct, frozen=True, kw_only=True):
    """What the ledger keeps of a decision: the reply and the request as they were, and what became of it."""

    reply: Raw
    request: Raw
    outcomes: list[RecordedOutcome]


_encoder = json.Encoder()


def encode_reply(reply: Reply | OutcomeReceipt | LabelReceipt | DecisionRecord) -> bytes:
    return _encoder.encode(reply)


def decode_reply(raw: bytes) -> Reply:
    return json.decode(raw, type=Reply)

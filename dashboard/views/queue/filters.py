"""Which alerts are wanted: as values, as words, and as the part of an address that can be sent."""

from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import parse_qs

from msgspec import Struct

from app.desk.fraud_types import FRAUD_TYPES
from dashboard.case_links import QUEUE
from dashboard.wording import VERDICTS
from domain.decision import Verdict
from domain.display import MINUTE_MS, duration_ms
from domain.money import format_money

MINOR = 100  # of the currency that everything is settled in
AGES_MIN = (15, 30, 60, 4 * 60, 24 * 60, 7 * 24 * 60)
ALERTING = (Verdict.REVIEW, Verdict.CHALLENGE, Verdict.DECLINE)
Address = dict[str, str | list[str]]


class Assignee(StrEnum):
    ANYBODY = "anybody's"  # all that this person may work on
    MINE = "mine"
    NOBODY = "nobody's"
    ESCALATED = "escalated"


class Filters(Struct, frozen=True, kw_only=True):
    """None, or no verdict, is whatever; `newer_min` and `older_min` are ages in minutes."""

    verdicts: tuple[Verdict, ...] = ()
    fraud_type: str | None = None
    amount_from_minor: int | None = None
    amount_to_minor: int | None = None
    zone: str | None = None
    newer_min: int | None = None
    older_min: int | None = None
    assignee: Assignee = Assignee.ANYBODY
    rule: str | None = None
    model: str | None = None

    @classmethod
    def from_address(cls, query: Mapping[str, str | list[str]]) -> "Filters":
        """What an address asks for, be it the queue's or that of a case which was opened from it.

        What it says wrongly is passed over.
        """
        packed = _one(query, QUEUE, longest=_LONGEST_ADDRESS)
        query = parse_qs(packed) if packed else query
        return cls(
            verdicts=tuple(v for v in ALERTING if VERDICTS[v] in _all(query, "verdict")),
            fraud_type=_TYPES.get(_one(query, "type") or ""),
            amount_from_minor=_minor(_one(query, "amount_from")),
            amount_to_minor=_minor(_one(query, "amount_to")),
            zone=_one(query, "zone"),
            newer_min=_AGES.get(_one(query, "newer") or ""),
            older_min=_AGES.get(_one(query, "older") or ""),
            assignee=_assignee(_one(query, "assignee")),
            rule=_one(query, "rule"),
            model=_one(query, "model"),
        )

    def to_address(self) -> Address:
        """Only what is asked for, as the page's own controls write it."""
        written: dict[str, str | list[str] | None] = {
            "verdict": [VERDICTS[v] for v in self.verdicts] or None,
            "type": FRAUD_TYPES[self.fraud_type] if self.fraud_type else None,
            "amount_from": _major(self.amount_from_minor),
            "amount_to": _major(self.amount_to_minor),
            "zone": self.zone,
            "newer": age(self.newer_min) if self.newer_min else None,
            "older": age(self.older_min) if self.older_min else None,
            "assignee": None if self.assignee is Assignee.ANYBODY else self.assignee.value,
            "rule": self.rule,
            "model": self.model,
        }
        return {name: value for name, value in written.items() if value is not None}

    def words(self) -> dict[str, str]:
        """What is asked for, in words, by its name in the address; verdict and assignee show themselves."""
        said = {
            "type": FRAUD_TYPES[self.fraud_type] if self.fraud_type else None,
            "amount_from": _said("from", self.amount_from_minor),
            "amount_to": _said("up to", self.amount_to_minor),
            "zone": self.zone,
            "newer": f"newer than {age(self.newer_min)}" if self.newer_min else None,
            "older": f"older than {age(self.older_min)}" if self.older_min else None,
            "rule": self.rule,
            "model": self.model,
        }
        return {name: words for name, words in said.items() if words}


def age(minutes: int) -> str:
    return duration_ms(minutes * MINUTE_MS)


_LONGEST_ADDRESS = 1_000
_TYPES = {words: code for code, words in FRAUD_TYPES.items()}
_AGES = {age(minutes): minutes for minutes in AGES_MIN}


def _all(query: Mapping[str, str | list[str]], name: str) -> list[str]:
    """Streamlit gives the last of several values unless asked for all."""
    get_all = getattr(query, "get_all", None)
    values = get_all(name) if get_all else query.get(name, [])
    return [values] if isinstance(values, str) else list(values)


def _one(query: Mapping[str, str | list[str]], name: str, longest: int = 80) -> str | None:
    values = _all(query, name)
    return (values[-1].strip()[:longest] or None) if values else None


def _assignee(text: str | None) -> Assignee:
    return Assignee(text) if text in set(Assignee) else Assignee.ANYBODY


def _minor(text: str | None) -> int | None:
    try:
        amount = float(text or "")
    except ValueError:
        return None
    return round(amount * MINOR) if 0 <= amount < 10**9 else None


def _major(amount_minor: int | None) -> str | None:
    return None if amount_minor is None else str(amount_minor / MINOR)


def _said(word: str, amount_minor: int | None) -> str | None:
    return None if amount_minor is None else f"{word} {format_money(amount_minor)}"

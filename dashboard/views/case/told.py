"""Who did what: people's deeds, the words of callers, and what became of the payment, in one list."""

from datetime import datetime
from html import escape
from typing import Any

from msgspec import Struct

from app.desk.audit import Told
from app.desk.fraud_types import FRAUD_TYPES
from dashboard.decision_view import capitalised
from dashboard.views.case.head import when, who
from dashboard.views.case.readings import Case, Word
from dashboard.wording import OUTCOMES
from domain.decision import Outcome
from domain.money import format_money

NOTHING = "Nobody has done anything here yet."
DID = {
    "case.claim": "claimed the case",
    "case.release": "let go of the case",
    "case.snooze": "put the case aside",
    "case.escalate": "handed the case to the leads",
    "case.undo": "took the last deed back",
    "list.add": "put the value on a list",
}
LABELLED = {
    "fraud": "called it a fraud",
    "good": "called it good",
    "unknown": "took a word back, or cannot tell",
}


class Event(Struct, frozen=True, kw_only=True):
    at: datetime
    sentence: str
    is_loss: bool = False


def events(case: Case, reader_id: str) -> list[Event]:
    """The newest first."""
    found = [_deed(deed, case, reader_id) for deed in case.told]
    found += [_word(word, reader_id) for word in case.words if _is_from_outside(word, case)]
    found += [
        Event(
            at=row.occurred_at,
            sentence=f"{capitalised(OUTCOMES[row.outcome])}, "
            f"{format_money(row.amount_minor, case.subject.currency)}"
            + (f" (reason {row.reason_code})" if row.reason_code else ""),
            is_loss=row.outcome is Outcome.CHARGEBACK,
        )
        for row in case.subject.outcomes
    ]
    return sorted(found, key=lambda event: event.at, reverse=True)


def markup_of(case: Case, reader_id: str) -> str:
    rows = "".join(
        f"<li{_mark(event)}><time class='fg-soft'>"
        f"{escape(when(event.at, case.subject.now))}</time><span>{escape(event.sentence)}.</span></li>"
        for event in events(case, reader_id)
    )
    return f"<ul class='fg-told'>{rows}</ul>" if rows else f"<p class='fg-soft fg-small'>{NOTHING}</p>"


def _mark(event: Event) -> str:
    return " class='fg-loss'" if event.is_loss else ""


def _deed(deed: Told, case: Case, reader_id: str) -> Event:
    name = who(deed.person_id, case.names.get(deed.person_id), reader_id)
    did = DID.get(deed.action) or _decided(deed.details) or deed.action.replace(".", " ").replace("_", " ")
    why = f": “{deed.details['why']}”" if deed.details.get("why") else ""
    return Event(at=deed.at, sentence=f"{name} {did}{why}")


def _decided(details: dict[str, Any]) -> str:
    """ "confirmed it as fraud (stolen card), and put 2 values on lists"."""
    words = {
        "fraud": "confirmed it as fraud",
        "good": "found it to be good",
        "cannot_tell": "could not tell",
    }
    said = words.get(str(details.get("resolution")), "")
    kind = FRAUD_TYPES.get(str(details.get("fraud_type")))
    listed = len(details.get("entry_ids") or ())
    if not said:
        return ""
    return (
        said
        + (f" ({kind})" if kind else "")
        + (f", and put {listed} value{'' if listed == 1 else 's'} on lists" if listed else "")
    )


def _word(word: Word, reader_id: str) -> Event:
    name = who(word.labelled_by, word.name, reader_id)
    kind = FRAUD_TYPES.get(word.fraud_type or "")
    why = f": “{word.why}”" if word.why else ""
    said = LABELLED[word.label] + (f" ({kind})" if kind else "")
    return Event(at=word.labelled_at, sentence=f"{name} {said}{why}")


def _is_from_outside(word: Word, case: Case) -> bool:
    """A word that was said here is told as a deed."""
    own = {deed.person_id for deed in case.told if deed.action in ("case.decide", "case.undo")}
    return word.labelled_by not in own

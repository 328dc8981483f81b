"""The top of the page: the verdict, the money, and where the case stands."""

from datetime import datetime, timedelta
from html import escape

from msgspec import Struct

from app.desk import sla
from app.desk.case_state import Resolution
from app.desk.fraud_types import FRAUD_TYPES
from app.desk.telling import CHARGEBACK
from dashboard import markup
from dashboard.decision_view import capitalised
from dashboard.views.case.readings import Standing, Subject
from dashboard.wording import footing
from domain.display import clock, duration_ms, percent, timestamp
from domain.events import to_ms
from domain.money import format_money

RESOLVED = {
    Resolution.FRAUD: "confirmed as fraud",
    Resolution.GOOD: "found to be good",
    Resolution.CANNOT_TELL: "closed as one that nobody can tell",
}


class State(Struct, frozen=True, kw_only=True):
    """One sentence on the case; `level` is a style name."""

    sentence: str
    level: str = "unknown"


def markup_of(subject: Subject, person_id: str) -> str:
    where = state(subject, person_id)
    return (
        "<section class='fg-case-head'>"
        f"<div class='fg-case-line'>{markup.verdict(subject.verdict)}"
        f"<b class='fg-big'>{escape(format_money(subject.amount_minor, subject.currency))}</b>"
        f"{_fact('score', str(subject.score), _chance(subject))}"
        f"{_at_risk(subject)}"
        f"{_age(subject)}"
        f"<span class='fg-case-state fg-{where.level}' role='status'><i class='fg-dot'></i>"
        f"{escape(where.sentence)}</span></div>"
        f"<div class='fg-case-line fg-soft'>"
        f"<span class='fg-rung fg-{subject.rung}'>{escape(footing(subject.rung, subject.rung_reason))}</span>"
        f"<span>{escape(subject.pickup_zone)} → {escape(subject.dropoff_zone)}</span>"
        f"<span>{escape(timestamp(to_ms(subject.decided_at)))}</span>"
        f"<code>{escape(subject.decision_id)}</code></div></section>"
    )


def state(subject: Subject, person_id: str) -> State:
    if subject.revision is None:
        return State(sentence="Let through without an alert: there is no case to close")
    if subject.closed_at and subject.resolution:
        return State(sentence=_closed(subject, person_id), level="well")
    if subject.snoozed_until and subject.snoozed_until > subject.now:
        return State(sentence=f"Put aside until {when(subject.snoozed_until, subject.now)}", level="watch")
    if subject.claimed_until and subject.claimed_until > subject.now:
        return _claimed(subject, person_id)
    if subject.escalated_at:
        at = when(subject.escalated_at, subject.now)
        return State(sentence=f"With the leads since {at}", level="watch")
    return State(sentence="Open: nobody works on it")


def meanwhile(now: Standing, person_id: str) -> str:
    """What became of a case after it was shown."""
    if now.closed_at and now.resolution:
        by = who(now.closed_by, now.closed_by_name, person_id)
        did = f"{by} decided this meanwhile: it is {RESOLVED[now.resolution]}"
    elif now.assignee:
        did = f"{who(now.assignee, now.assignee_name, person_id)} took this case meanwhile"
    else:
        did = "This case was changed meanwhile"
    return f"{did}. What you typed is kept."


def when(at: datetime, now: datetime) -> str:
    return f"{clock(to_ms(at))[:5]} UTC" if abs(now - at) < timedelta(hours=12) else timestamp(to_ms(at))


def span(length: timedelta) -> str:
    return duration_ms(max(0.0, length / timedelta(milliseconds=1)))


def who(person_id: str | None, name: str | None, reader_id: str) -> str:
    """As the start of a sentence."""
    if person_id == reader_id:
        return "You"
    if person_id == CHARGEBACK:
        return "A chargeback"
    return name or f"The key {person_id}"


def _closed(subject: Subject, person_id: str) -> str:
    assert subject.closed_at and subject.resolution  # noqa: S101, PT018 - asked before
    kind = f" ({FRAUD_TYPES.get(subject.fraud_type, subject.fraud_type)})" if subject.fraud_type else ""
    by = _inside(who(subject.closed_by, subject.closed_by_name, person_id))
    return (
        f"{capitalised(RESOLVED[subject.resolution])}{kind} by {by}, {when(subject.closed_at, subject.now)}"
    )


def _claimed(subject: Subject, person_id: str) -> State:
    until = when(subject.claimed_until or subject.now, subject.now)
    if subject.assignee == person_id:
        return State(sentence=f"Yours until {until}", level="well")
    name = who(subject.assignee, subject.assignee_name, person_id)
    return State(sentence=f"{name} works on it until {until}", level="watch")


def _chance(subject: Subject) -> str:
    if subject.probability is None:
        return "by points: no model stood behind it"
    return f"{percent(subject.probability)} fraud"


def _at_risk(subject: Subject) -> str:
    if subject.at_risk_minor is None or subject.closed_at:
        return ""
    money = format_money(subject.at_risk_minor, subject.currency)
    return _fact("at risk", money, "may still be lost if nobody looks")


def _age(subject: Subject) -> str:
    """How long the payment waits for a person and when one is due; how long ago it was once nobody waits."""
    age = span(subject.now - subject.decided_at)
    due_at = sla.due_at(subject.verdict, subject.decided_at)
    if subject.revision is None or subject.closed_at or due_at is None:
        return _fact("decided", f"{age} ago", "")
    left = due_at - subject.now
    if left < timedelta():
        return _fact("waits", age, f"overdue {span(-left)}", level="watch")
    return _fact("waits", age, f"due in {span(left)}")


def _fact(name: str, value: str, note: str, level: str = "soft") -> str:
    noted = f" <span class='fg-{level}'>{escape(note)}</span>" if note else ""
    return (
        f"<span class='fg-case-fact'><span class='fg-name'>{escape(name)}</span> "
        f"<b>{escape(value)}</b>{noted}</span>"
    )


def _inside(name: str) -> str:
    """Inside a sentence: "you", "a chargeback", and names as they are."""
    return name[:1].lower() + name[1:] if name == "You" or name.startswith(("A ", "The ")) else name

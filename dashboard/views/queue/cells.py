"""One row of the queue for people; everything that comes from data is escaped here."""

from datetime import datetime, timedelta
from html import escape

from msgspec import Struct

from app.desk import sla
from app.desk.case_state import Resolution
from app.desk.fraud_types import FRAUD_TYPES, suspected_type
from app.desk.people import Person, Role
from app.desk.telling import CHARGEBACK
from dashboard import markup
from dashboard.case_links import case_link
from dashboard.decision_view import capitalised
from dashboard.views.queue.filters import Address
from dashboard.views.queue.rows import AlertRow
from domain.display import MINUTE_MS, SECOND_MS, duration_ms
from domain.money import format_money

RESOLUTIONS = {
    Resolution.FRAUD: "fraud",
    Resolution.GOOD: "good",
    Resolution.CANNOT_TELL: "cannot tell",
}
SHORT = 10  # characters of a model's version
NO_REASON = "No reason was kept."


class Viewer(Struct, frozen=True, kw_only=True):
    """Who looks, how people are called, the address of the filtered queue, and what can be undone."""

    person: Person
    names: dict[str, str]
    address: Address = {}
    undoable: frozenset[str] = frozenset()

    def name(self, person_id: str | None) -> str:
        if person_id == self.person.person_id:
            return "you"
        if person_id == CHARGEBACK:
            return "a chargeback"
        return self.names.get(person_id or "", person_id or "nobody")


def html(row: AlertRow, now: datetime, viewer: Viewer) -> str:
    moving = live(row, now, viewer)
    key = escape(row.decision_id, quote=True)
    cells = (
        "<td class='fg-mark' title='Mark (X)'><i></i></td>",
        f"<td class='fg-age'>{moving['age']}</td>",
        f"<td>{markup.verdict(row.verdict)}</td>",
        f"<td class='fg-number'>{escape(format_money(row.amount_minor, row.currency))}</td>",
        f"<td class='fg-number'>{_money(row.at_risk_minor, row.currency)}</td>",
        f"<td class='fg-number fg-worth'>{_money(row.worth, row.currency)}</td>",
        f"<td class='fg-id' title='{escape(row.user_id, quote=True)}'>{escape(row.user_id)}</td>",
        f"<td class='fg-why'>{_why(row, viewer)}</td>",
        f"<td>{escape(row.pickup_zone)}</td>",
        f"<td class='fg-by'>{_made_by(row)}</td>",
        f"<td class='fg-state'>{moving['state']}</td>",
    )
    return f"<tr data-row='{key}' {_attributes(moving)}>{''.join(cells)}</tr>"


def live(row: AlertRow, now: datetime, viewer: Viewer) -> dict[str, str]:
    """What of a row moves while it is shown: two cells, its look, and the revision that they stand for."""
    return {
        "age": _age(row, now),
        "state": _state(row, now, viewer),
        "look": _look(row, now, viewer),
        "revision": str(row.revision),
    }


def is_waiting(row: AlertRow, now: datetime, person: Person) -> bool:
    """Whether something is left to do for this person: neither closed nor put aside, nor for leads only."""
    if not row.raised or row.closed_at or _is_snoozed(row, now):
        return False
    return row.escalated_at is None or person.role.allows(Role.LEAD)


def suspected(row: AlertRow) -> str:
    return suspected_type(row.lead_reason, row.rule_ids)


def _attributes(moving: dict[str, str]) -> str:
    return f"class='{moving['look']}' data-revision='{moving['revision']}'"


def _look(row: AlertRow, now: datetime, viewer: Viewer) -> str:
    if not row.raised:
        return "fg-plain"
    if not is_waiting(row, now, viewer.person):
        return "fg-done"
    return "fg-theirs" if _is_held(row, now) and row.assignee != viewer.person.person_id else "fg-waiting"


def _age(row: AlertRow, now: datetime) -> str:
    age = f"<span>{span(now - row.decided_at)}</span>"
    due_at = sla.due_at(row.verdict, row.decided_at)
    if due_at is None or not row.raised or row.closed_at:
        return age
    left = due_at - now
    if left < timedelta():
        return f"{age}<small class='fg-over'>overdue {span(-left)}</small>"
    return f"{age}<small>due in {span(left)}</small>"


def _state(row: AlertRow, now: datetime, viewer: Viewer) -> str:
    if not row.raised:
        return "<span class='fg-soft'>no alert</span>"
    undo = row.decision_id in viewer.undoable
    if row.closed_at:
        return _said(_resolved(row), f"by {viewer.name(row.closed_by)}", undo=undo)
    if row.snoozed_until and row.snoozed_until > now:
        return _said("put aside", f"for {span(row.snoozed_until - now)}", undo=undo)
    if row.assignee and row.claimed_until and row.claimed_until > now:
        return _said(viewer.name(row.assignee), f"{span(row.claimed_until - now)} left", undo=undo)
    if row.escalated_at:
        return _said("with the leads", f"for {span(now - row.escalated_at)}", undo=undo)
    return "<span class='fg-soft'>nobody</span>"


def _said(what: str, more: str, *, undo: bool) -> str:
    link = " <a class='fg-undo' href='#'>undo</a>" if undo else ""
    return f"<b>{escape(what)}</b><small>{escape(more)}{link}</small>"


def _resolved(row: AlertRow) -> str:
    kind = FRAUD_TYPES.get(row.fraud_type or "")
    word = RESOLUTIONS[row.resolution] if row.resolution else "closed"
    return f"{word}: {kind}" if kind else word


def _why(row: AlertRow, viewer: Viewer) -> str:
    address = escape(case_link(row.decision_id, viewer.address), quote=True)
    kind = FRAUD_TYPES[suspected(row)] if row.raised else "a plain payment"
    sentence = f"{capitalised(row.sentence)}." if row.sentence else NO_REASON
    link = f"<a class='fg-open' href='{address}' target='_self'>{escape(capitalised(kind))}</a>"
    return f"{link}<small title='{escape(sentence, quote=True)}'>{escape(sentence)}</small>"


def _made_by(row: AlertRow) -> str:
    rules = ", ".join(row.rule_ids) or "no rule"
    model = row.model_version or "no model"
    return (
        f"<span title='{escape(rules, quote=True)}'>{escape(rules)}</span>"
        f"<small title='{escape(model, quote=True)}'>{escape(model[:SHORT])}</small>"
    )


def _money(amount_minor: float | None, currency: str) -> str:
    return "" if amount_minor is None else escape(format_money(round(amount_minor), currency))


def _is_snoozed(row: AlertRow, now: datetime) -> bool:
    return row.snoozed_until is not None and row.snoozed_until > now


def _is_held(row: AlertRow, now: datetime) -> bool:
    return row.assignee is not None and row.claimed_until is not None and row.claimed_until > now


def span(length: timedelta) -> str:
    """In whole minutes and longer, so that it is not written anew every second."""
    milliseconds = length.total_seconds() * SECOND_MS
    return duration_ms(milliseconds) if milliseconds >= MINUTE_MS else "under 1 min"

"""People and deeds as HTML; everything that comes from data is escaped here."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

from app.desk.audit import Told
from app.desk.people_store import Listed

ACTIONS = {
    "case.claim": "claimed a case",
    "case.release": "let go of a case",
    "case.snooze": "put a case aside",
    "case.escalate": "handed a case to the leads",
    "case.decide": "decided a case",
    "case.undo": "took something back",
    "ring.decide": "decided on a ring",
    "list.add": "put on a list",
    "rule.add": "wrote a rule",
    "rule.change": "changed a rule",
    "rule.back_test": "tried a rule on the past",
    "rule.propose": "proposed a rule",
    "rule.approve": "approved a rule",
    "rule.refuse": "refused a rule",
    "rule.shadow": "put a rule in shadow",
    "rule.retire": "retired a rule",
    "policy.apply": "set the thresholds",
    "model.rollback": "rolled a model back",
    "dead_letter.resend": "sent a dead letter again",
    "export.queue": "exported the queue",
    "person.sign_in": "signed in",
    "person.sign_out": "signed out",
    "person.add": "let somebody in",
    "person.set_role": "changed a role",
    "person.set_password": "made a new password",
    "person.disable": "let somebody in no more",
}
# What undoing needs, and what the trail says elsewhere.
_UNTOLD = {"before", "revision", "label_id", "entry_id", "entry_ids", "replaced", "undoes", "decision_id"}
LONGEST_NOTE = 160


def people(of: Iterable[Listed]) -> str:
    head = _head("Person", "Name", "Role", "Signs in by", "Since", "Last sign-in", "")
    return f"<table class='fg-table fg-people'>{head}<tbody>{''.join(map(_person, of))}</tbody></table>"


def _person(of: Listed) -> str:
    by = of.email if of.signs_in == "email" else of.signs_in
    cells = (
        f"<code>{escape(of.person_id)}</code>",
        escape(of.name),
        escape(of.role),
        escape(by or "nothing yet"),
        f"{of.created_at:%Y-%m-%d}",
        _time(of.signed_in_at) if of.signed_in_at else "never",
        f"disabled {of.disabled_at:%Y-%m-%d}" if of.disabled_at else "",
    )
    gone = " class='fg-gone'" if of.disabled_at else ""
    return f"<tr{gone}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def trail(deeds: Iterable[Told], names: Mapping[str, str]) -> str:
    head = _head("When", "Who", "As", "Did", "To", "How")
    rows = "".join(_deed(deed, names) for deed in deeds)
    return f"<table class='fg-table fg-alerts'>{head}<tbody>{rows}</tbody></table>"


def _deed(deed: Told, names: Mapping[str, str]) -> str:
    cells = (
        _time(deed.at),
        escape(names.get(deed.person_id, deed.person_id)),
        escape(deed.role),
        escape(ACTIONS.get(deed.action, deed.action)),
        _subject(deed.subject),
    )
    plain = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr>{plain}<td class='fg-why fg-soft'>{escape(note(deed.details))}</td></tr>"


def _subject(subject: str) -> str:
    if not subject.startswith("dec_"):
        return escape(subject)
    return f"<a href='/case?decision={quote(subject)}' target='_self'>{escape(subject)}</a>"


def note(details: Mapping[str, Any]) -> str:
    """What was given with a deed, in a line."""
    told = [
        f"{name.replace('_', ' ')}: {_words(name, value)}"
        for name, value in details.items()
        if name not in _UNTOLD and value not in (None, "", [], {})
    ]
    line = "; ".join(told)
    return line if len(line) <= LONGEST_NOTE else f"{line[:LONGEST_NOTE]}…"


def _words(name: str, value: Any) -> str:
    if name in ("resolution", "fraud_type"):
        return str(value).replace("_", " ")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _head(*names: str) -> str:
    return f"<thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in names)}</tr></thead>"

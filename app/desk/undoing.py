"""Taking back one's own newest deed on a case, as long as nobody has built upon it."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, structs
from psycopg.rows import dict_row

from app.desk import telling
from app.desk.case_file import CaseFile, Standing, Told
from app.desk.deciding import add_label
from app.desk.desk import query
from app.desk.errors import CaseChanged, DeskRefused
from app.rules.errors import ListRefused
from app.rules.list_store import ListStore
from app.rules.lists import ListName
from domain.events import to_ms
from domain.labels import Label

UNDO_MINUTES = 30
TAKEN_BACK = "word taken back"


class Done(Struct, frozen=True, kw_only=True):
    """A deed as the audit trail tells it."""

    audit_id: int
    action: str
    details: dict[str, Any]


class Replaced(Struct, frozen=True, kw_only=True):
    """A list entry whose place another took."""

    list: ListName
    value: str
    expires_at: datetime | None


def undo(case: CaseFile) -> Told:
    deed = _newest(case)
    _require_untouched(case, deed)
    if deed.action == "case.decide":
        _undo_decision(case, deed)
    else:
        _undo_move(case, deed)
    return Told(action="case.undo", details={"undoes": deed.audit_id, "undone": deed.action})


def _newest(case: CaseFile) -> Done:
    asked = {
        "decision_id": case.decision_id,
        "person_id": case.person.person_id,
        "minutes": UNDO_MINUTES,
    }
    with case.connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query("undoable"), asked).fetchone()
    if row is None:
        raise DeskRefused(
            f"There is nothing of yours to take back on this case: only what you did in the last "
            f"{UNDO_MINUTES} minutes can be undone."
        )
    return msgspec.convert(row, Done)


def _require_untouched(case: CaseFile, deed: Done) -> None:
    since = {
        "decision_id": case.decision_id,
        "person_id": case.person.person_id,
        "audit_id": deed.audit_id,
    }
    other = case.connection.execute(query("deed_of_others_since"), since).fetchone()
    if other:
        raise CaseChanged(telling.meddled(case.connection, msgspec.convert(other, telling.Deed), case.now))


def _undo_move(case: CaseFile, deed: Done) -> None:
    """Back to how the case stood; a claim is let go of, whoever had it before."""
    case.require_open()
    before = msgspec.convert(deed.details["before"], Standing)
    if deed.action == "case.claim":
        before = structs.replace(before, assignee=None, claimed_until=None)
    case.move(before)


def _undo_decision(case: CaseFile, deed: Done) -> None:
    if case.state.closed_by != case.person.person_id:
        raise CaseChanged(telling.moved(case.connection, case.state, case.person, case.now))
    _require_last_word(case, deed.details["label_id"])
    add_label(case, Label.UNKNOWN, why=TAKEN_BACK)
    case.reopen()
    _off_the_lists(case, deed)


def _require_last_word(case: CaseFile, label_id: str) -> None:
    row = case.connection.execute(query("newest_word"), {"decision_id": case.decision_id}).fetchone()
    if row and row[0] != label_id:
        who, at = telling.name_of(case.connection, row[1]), telling.when(row[2], case.now)
        raise CaseChanged(f"{who} spoke on this payment at {at}, after you: {telling.NOTHING_CHANGED}")
    if case.connection.execute(query("charged_back"), {"decision_id": case.decision_id}).fetchone():
        raise CaseChanged(f"This payment was charged back meanwhile: {telling.NOTHING_CHANGED}")


def _off_the_lists(case: CaseFile, deed: Done) -> None:
    """And what stood there before comes back, unless it would have expired by now."""
    entry_ids = [entry_id for entry_id in deed.details["entry_ids"] if _stands(case, entry_id)]
    store, by = ListStore(case.connection), case.person.person_id
    if not entry_ids:
        return
    try:
        store.remove(entry_ids, by=by, why=TAKEN_BACK)
        for old in msgspec.convert(deed.details["replaced"], list[Replaced]):
            if old.expires_at is None or old.expires_at > case.now:
                expires_at_ms = to_ms(old.expires_at) if old.expires_at else None
                store.add(old.list, [old.value], expires_at_ms=expires_at_ms, by=by, why=TAKEN_BACK)
    except ListRefused as refused:
        raise DeskRefused(str(refused)) from refused


def _stands(case: CaseFile, entry_id: str) -> bool:
    """An entry that somebody took off, or replaced, is theirs."""
    return any(entry.entry_id == entry_id for entry in ListStore(case.connection).entries(value=entry_id))

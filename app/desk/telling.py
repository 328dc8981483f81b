"""Sentences for somebody whose page is stale: who was faster, with what, and when."""

from datetime import datetime, timedelta

from msgspec import Struct, convert

from app.desk.case_state import CaseState, Resolution
from app.desk.desk import Connection, query
from app.desk.people import Person
from domain.display import clock, timestamp
from domain.events import to_ms

CLAIM_MINUTES = 15
NOTHING_CHANGED = "nothing was changed."
CHARGEBACK = "chargeback"  # what closes a case when nobody did
AS = {
    Resolution.FRAUD: "as a fraud",
    Resolution.GOOD: "as good",
    Resolution.CANNOT_TELL: "as one that nobody can tell",
}
DID = {
    "case.claim": "claimed this case",
    "case.release": "let go of this case",
    "case.snooze": "put this case aside",
    "case.escalate": "handed this case to the leads",
    "case.decide": "decided this case",
    "case.undo": "took something back on this case",
}


class Deed(Struct, frozen=True, array_like=True):
    """A row of the audit trail, in short."""

    person_id: str
    action: str
    at: datetime


def closed(connection: Connection, state: CaseState, person: Person, now: datetime) -> str:
    by = state.closed_by or ""
    as_what = AS[state.resolution] if state.resolution else ""
    at = when(state.closed_at or now, now)
    if by == CHARGEBACK:
        return f"A chargeback closed this case {as_what} at {at}: {NOTHING_CHANGED}"
    who = _who(connection, by, person)
    return f"{who} decided this case {as_what} at {at}: {NOTHING_CHANGED}"


def held(connection: Connection, state: CaseState, now: datetime) -> str:
    until = state.claimed_until or now
    since = until - timedelta(minutes=CLAIM_MINUTES)
    return (
        f"{name_of(connection, state.assignee or '')} works on this case since {when(since, now)}, until "
        f"{when(until, now)} at most: {NOTHING_CHANGED}"
    )


def moved(connection: Connection, state: CaseState, person: Person, now: datetime) -> str:
    """For an open case that is not as it was shown."""
    row = connection.execute(query("newest_deed"), {"decision_id": state.decision_id}).fetchone()
    if row is None:
        return f"This case was changed since it was shown: {NOTHING_CHANGED}"
    deed = convert(row, Deed)
    who = _who(connection, deed.person_id, person)
    return f"{who} {_did(deed)} at {when(deed.at, now)}: {NOTHING_CHANGED}"


def meddled(connection: Connection, deed: Deed, now: datetime) -> str:
    """For somebody who wants to take back what another built upon."""
    who = name_of(connection, deed.person_id)
    return f"{who} {_did(deed)} at {when(deed.at, now)}, after you: {NOTHING_CHANGED}"


def when(at: datetime, now: datetime) -> str:
    """With its date unless it was just now."""
    near = abs(now - at) < timedelta(hours=12)
    return f"{clock(to_ms(at))} UTC" if near else timestamp(to_ms(at))


def name_of(connection: Connection, person_id: str) -> str:
    """An API key has no name here and goes by its id."""
    row = connection.execute(query("name_of"), {"person_id": person_id}).fetchone()
    return str(row[0]) if row else person_id


def _did(deed: Deed) -> str:
    return DID.get(deed.action, "changed this case")


def _who(connection: Connection, person_id: str, reader: Person) -> str:
    return "You" if person_id == reader.person_id else name_of(connection, person_id)

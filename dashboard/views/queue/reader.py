"""The queue as the database keeps it; every method raises ReadingsUnavailable when it cannot be read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import inf
from typing import Any

import psycopg
from msgspec import Struct, structs

from app.desk.case_state import CaseState, Resolution
from app.desk.exporting import MOST_ROWS, ExportRow
from app.desk.fraud_types import FRAUD_TYPES, OTHER, reasons_of_type, suspected_type
from app.queries import queries_of
from dashboard.database import Pool
from dashboard.reading import reading, rows_of
from dashboard.views.queue.filters import Filters
from dashboard.views.queue.rows import AlertRow, Choices, Cursor, Look, Page

PAGE_ROWS = 25
COUNTED = 1_000  # more is "more than 1,000": a count must not cost more than the page
MOST_NEW = 100
MOST_FOUND = 60
NEWEST_SEEN = 2_000
LATENESS = timedelta(seconds=10)  # from the verdict to its row, at the most, for an alert to be announced
FIRST = Cursor(worth=inf, decision_id="")
_ALL_REASONS = sorted(reason for code in FRAUD_TYPES for reason in reasons_of_type(code))
_query = queries_of(__file__)


def _with_filters(name: str) -> bytes:
    """A statement with what it says of matching alerts put in."""
    return _query(name).replace(b"{matching_alerts}", _query("matching_alerts"))


_rows = rows_of(_with_filters)


class Extent(Struct, frozen=True, kw_only=True):
    taken_at: datetime
    total: int
    ahead: int
    known: list[str]


class Looked(Struct, frozen=True, kw_only=True):
    """A case, or none, beside what arrived."""

    now: datetime
    arrived: int
    decision_id: str | None
    revision: int | None
    assignee: str | None
    claimed_until: datetime | None
    snoozed_until: datetime | None
    escalated_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    resolution: Resolution | None
    fraud_type: str | None


class Clock(Struct, frozen=True, kw_only=True):
    now: datetime


class Id(Struct, frozen=True, kw_only=True):
    decision_id: str


class Place(Struct, frozen=True, kw_only=True):
    worth: float


class Rule(Struct, frozen=True, kw_only=True):
    rule_id: str


class Name(Struct, frozen=True, kw_only=True):
    person_id: str
    name: str


class QueueReader:
    """`person_id` is who looks: what is theirs, and what a lead may see, depends on it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def page(self, filters: Filters, cursor: Cursor | None, person_id: str) -> Page:
        at = cursor or FIRST
        name = "page_before" if at.backwards else "page_after"
        with reading(self._pool) as connection:
            values = _values(connection, filters, person_id)
            place = {"worth": at.worth, "decision_id": at.decision_id}
            rows = _rows(connection, AlertRow, name, {**values, **place, "most": PAGE_ROWS})
            first = {"worth": rows[0].worth, "decision_id": rows[0].decision_id} if rows else place
            counting = {"limit": COUNTED + 1, "lateness": LATENESS}
            [extent] = _rows(connection, Extent, "extent", {**values, **first, **counting})
        return Page(rows=rows, **structs.asdict(extent))

    def look(
        self,
        filters: Filters,
        person_id: str,
        *,
        since: datetime,
        known: Sequence[str],
        shown: Sequence[str],
    ) -> Look:
        """What arrived since a page was taken, MOST_NEW at most, and how the cases on it stand."""
        with reading(self._pool) as connection:
            asked = {
                "since": since - LATENESS,
                "known": list(known),
                "shown": list(shown),
                "limit": MOST_NEW,
            }
            rows = _rows(connection, Looked, "look", {**_values(connection, filters, person_id), **asked})
        states = [_state(row) for row in rows if row.decision_id is not None]
        return Look(now=rows[0].now, arrived=rows[0].arrived, states=states)

    def next_open(self, after_decision_id: str | None, filters: Filters, person_id: str) -> str | None:
        """The next alert for this person in the queue's order, from its top again after the last; None
        when there is no other. Whatever is put aside, or somebody else works on, is passed over."""
        with reading(self._pool) as connection:
            values = {**_values(connection, filters, person_id), "but_not": after_decision_id or ""}
            after = {"decision_id": after_decision_id or ""}
            places = _rows(connection, Place, "place_of", after)
            tops = [(place.worth, after_decision_id) for place in places]
            for worth, decision_id in (*tops, (inf, "")):
                place = {"worth": worth, "decision_id": decision_id}
                found = _rows(connection, Id, "next_open", {**values, **place})
                if found:
                    return found[0].decision_id
        return None

    def find(self, text: str) -> Page:
        """Alerts, open or closed, and plain payments that have this id anywhere; open alerts come first."""
        asked = {"id": text, "most": MOST_FOUND, "many": 10 * MOST_FOUND}
        with reading(self._pool) as connection:
            rows = _rows(connection, AlertRow, "find_by_id", asked)
            [clock] = _rows(connection, Clock, "clock", {})
        return Page(rows=rows, taken_at=clock.now, known=[], ahead=0, total=len(rows))

    def choices(self) -> Choices:
        with reading(self._pool) as connection:
            return _rows(connection, Choices, "lately_open", {"most": NEWEST_SEEN})[0]

    def names(self) -> dict[str, str]:
        with reading(self._pool) as connection:
            return {row.person_id: row.name for row in _rows(connection, Name, "names", {})}

    def whole(self, filters: Filters, person_id: str) -> list[ExportRow]:
        with reading(self._pool) as connection:
            values = _values(connection, filters, person_id)
            return _rows(connection, ExportRow, "whole_queue", {**values, "most": MOST_ROWS})


def _values(connection: psycopg.Connection, filters: Filters, person_id: str) -> dict[str, Any]:
    return {
        "person_id": person_id,
        "assignee": filters.assignee.value,
        "verdicts": list(filters.verdicts) or None,
        "amount_from": filters.amount_from_minor,
        "amount_to": filters.amount_to_minor,
        "zone": filters.zone,
        "newer": _minutes(filters.newer_min),
        "older": _minutes(filters.older_min),
        "rule": filters.rule,
        "model": filters.model,
        **_kind(connection, filters.fraud_type),
    }


def _kind(connection: psycopg.Connection, fraud_type: str | None) -> Mapping[str, Any]:
    """A suspected type is told by a rule that acted, else by the strongest reason, as suspected_type does."""
    typed: dict[str, str] = {}
    if fraud_type:
        rules = _rows(connection, Rule, "rule_names", {})
        kinds = {rule.rule_id: suspected_type(None, [rule.rule_id]) for rule in rules}
        typed = {rule_id: kind for rule_id, kind in kinds.items() if kind != OTHER}
    return {
        "kind": fraud_type,
        "typed_rules": list(typed),
        "kinds": list(typed.values()),
        "reasons": sorted(reasons_of_type(fraud_type)) if fraud_type else [],
        "all_reasons": _ALL_REASONS,
    }


def _minutes(minutes: int | None) -> timedelta | None:
    return None if minutes is None else timedelta(minutes=minutes)


def _state(row: Looked) -> CaseState:
    columns = structs.asdict(row)
    return CaseState(**{name: columns[name] for name in CaseState.__struct_fields__})

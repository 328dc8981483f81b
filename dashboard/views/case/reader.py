"""Readings of the case page; each query finds its rows by an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from msgspec import Struct, structs

from app.decision_id import as_of_ms_in
from app.desk.audit import told_of
from app.ledger import days_around
from app.queries import queries_of
from dashboard.database import Pool
from dashboard.reading import reading, rows_of
from dashboard.readings import OutcomeRow
from dashboard.views.case.readings import (
    Around,
    Before,
    Case,
    ClosedCase,
    LinkRow,
    Marked,
    PaymentRow,
    SampleRow,
    Standing,
    Subject,
    Word,
)

BEFORE, AFTER = timedelta(days=30), timedelta(days=7)
MOST_PAYMENTS = 40
MOST_TOLD = 30
MOST_ENTITIES, MOST_USERS = 8, 10
MOST_CLOSED = 150
MOST_SAMPLES = 2_000
_EVER = {"earliest": datetime(1, 1, 1, tzinfo=UTC), "latest": datetime(9999, 1, 1, tzinfo=UTC)}
_query = queries_of(__file__)
_rows = rows_of(_query)


class _Name(Struct, frozen=True, kw_only=True):
    person_id: str
    name: str


class _Ring(Struct, frozen=True, kw_only=True):
    ring_id: str


class CaseReader:
    """Every method raises ReadingsUnavailable when the ledger cannot be read."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def case(self, decision_id: str) -> Case | None:
        as_of_ms = as_of_ms_in(decision_id)
        within = _EVER if as_of_ms is None else days_around(as_of_ms)
        asked = {"decision_id": decision_id, "most": MOST_TOLD}
        with reading(self._pool) as connection:
            found = _rows(connection, Subject, "find_case", {**asked, **within})
            if not found:
                return None
            whose = {"transaction_id": found[0].transaction_id}
            outcomes = _rows(connection, OutcomeRow, "find_case_outcomes", whose)
            return Case(
                subject=structs.replace(found[0], outcomes=outcomes),
                words=_rows(connection, Word, "find_words", asked),
                told=told_of(connection, decision_id, MOST_TOLD),
                names={row.person_id: row.name for row in _rows(connection, _Name, "find_names", {})},
            )

    def standing(self, decision_id: str) -> Standing | None:
        with reading(self._pool) as connection:
            found = _rows(connection, Standing, "find_standing", {"decision_id": decision_id})
        return found[0] if found else None

    def around(self, subject: Subject) -> Around:
        asked = _asked(subject)
        with reading(self._pool) as connection, _planned_once(connection):
            payments = _rows(connection, PaymentRow, "payments_around", asked)
            links = _rows(connection, LinkRow, "linked", asked)
            riders = {subject.user_id, *(row.user_id for row in payments), *(row.user_id for row in links)}
            rings = _rows(connection, _Ring, "ring_of_rider", asked)
            return Around(
                payments=payments,
                before=next(iter(_rows(connection, Before, "payment_before", asked)), None),
                links=links,
                marked=_rows(connection, Marked, "marked_riders", {**asked, "user_ids": sorted(riders)}),
                ring_id=rings[0].ring_id if rings else None,
                similar=_closed(connection, subject),
            )

    def sample(self) -> list[SampleRow]:
        """The last payments that a model looked at."""
        with reading(self._pool) as connection:
            return _rows(connection, SampleRow, "newest_vectors", {"most": MOST_SAMPLES})


@contextmanager
def _planned_once(connection: psycopg.Connection) -> Iterator[None]:
    connection.prepare_threshold = 0
    with connection.transaction():
        connection.execute(_query("plan_once"))
        yield


def _asked(subject: Subject) -> dict[str, Any]:
    return {
        "user_id": subject.user_id,
        "card_id": subject.card_id,
        "device_id": subject.device_id,
        "decided_at": subject.decided_at,
        "since": subject.decided_at - BEFORE,
        "until": min(subject.now, subject.decided_at + AFTER),
        "most": MOST_PAYMENTS,
        "most_entities": MOST_ENTITIES,
        "most_users": MOST_USERS,
    }


def _closed(connection: psycopg.Connection, subject: Subject) -> list[ClosedCase]:
    if not subject.reasons or subject.vector is None:
        return []
    asked = {
        "lead_reason": subject.reasons[0].code,
        "decision_id": subject.decision_id,
        "most": MOST_CLOSED,
    }
    return _rows(connection, ClosedCase, "closed_cases", asked)

"""Readings of the rings page; payments are found by their riders' index."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from msgspec import Struct, structs

from app.queries import queries_of
from dashboard.database import Pool
from dashboard.reading import reading, rows_of
from dashboard.views.rings.readings import (
    Joined,
    Member,
    Money,
    Ring,
    RingRow,
    Shared,
    Standing,
    Use,
)
from domain.ring import HUB_OVER

PERIOD, LATELY = timedelta(days=30), timedelta(days=7)
SPARK_DAYS = 14
MOST_RINGS, MOST_MEMBERS, MOST_USES = 50, 200, 400
MOST_PAYMENTS = 500  # of one rider
_query = queries_of(__file__)
_rows = rows_of(_query)


class _Now(Struct, frozen=True, kw_only=True):
    now: datetime


class RingReader:
    """Every method raises ReadingsUnavailable when the database cannot be read."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def rings(self, by: str) -> list[RingRow]:
        """At most MOST_RINGS, ordered `by` risk, growth or size."""
        with reading(self._pool) as connection, _planned_once(connection):
            standings = _rows(
                connection, Standing, "standings", {"by": by, "lately": LATELY, "most": MOST_RINGS}
            )
            now = _now(connection)
            asked = {
                "ring_ids": [row.ring_id for row in standings],
                "since": now - PERIOD,
                "until": now,
                "period": timedelta(days=SPARK_DAYS),
                "hub_over": HUB_OVER,
                "most_payments": MOST_PAYMENTS,
            }
            money = _rows(connection, Money, "money_of_rings", asked)
            shared = _rows(connection, Shared, "shared_of_rings", asked)
            joins = _rows(connection, Joined, "joins", asked)
        return _joined(standings, money, shared, joins, now)

    def ring(self, ring_id: str) -> Ring | None:
        """None for a ring that is not, or no more."""
        with reading(self._pool) as connection, _planned_once(connection):
            now = _now(connection)
            asked: dict[str, Any] = {
                "ring_id": ring_id,
                "since": now - PERIOD,
                "until": now,
                "most_payments": MOST_PAYMENTS,
            }
            members = _rows(connection, Member, "members", {**asked, "most": MOST_MEMBERS})
            uses = _rows(connection, Use, "uses", {**asked, "hub_over": HUB_OVER, "most": MOST_USES})
        return Ring(ring_id=ring_id, now=now, members=members, uses=uses) if members else None


@contextmanager
def _planned_once(connection: psycopg.Connection) -> Iterator[None]:
    connection.prepare_threshold = 0
    with connection.transaction():
        connection.execute(_query("plan_once"))
        yield


def _now(connection: psycopg.Connection) -> datetime:
    return _rows(connection, _Now, "read_at", {})[0].now


def _joined(
    standings: Sequence[Standing],
    money: Sequence[Money],
    shared: Sequence[Shared],
    joins: Sequence[Joined],
    now: datetime,
) -> list[RingRow]:
    money_of = {row.ring_id: row for row in money}
    shared_of = {row.ring_id: row for row in shared}
    days = [now.astimezone(UTC).date() - timedelta(days=back) for back in range(SPARK_DAYS - 1, -1, -1)]
    joins_on = {(row.ring_id, row.day): row.riders for row in joins}
    rows = []
    for standing in standings:
        paid = money_of.get(standing.ring_id) or Money(
            ring_id=standing.ring_id, paid_minor=0, stopped_minor=0, charged_back_minor=0, known_frauds=0
        )
        entities = shared_of.get(standing.ring_id) or Shared(ring_id=standing.ring_id, cards=0, devices=0)
        rows.append(
            RingRow(
                **structs.asdict(standing),
                shared_cards=entities.cards,
                shared_devices=entities.devices,
                paid_minor=paid.paid_minor,
                stopped_minor=paid.stopped_minor,
                charged_back_minor=paid.charged_back_minor,
                known_frauds=paid.known_frauds,
                joins=tuple(joins_on.get((standing.ring_id, day), 0) for day in days),
            )
        )
    return rows

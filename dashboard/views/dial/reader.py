"""Reads what is in force, and the payments of a period."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from app.policies.store import PolicyStore
from app.queries import queries_of
from dashboard.database import Pool
from dashboard.reading import reading, rows_of
from dashboard.views.dial.gathering import gathered
from dashboard.views.dial.readings import Champion, Period, Standing
from domain.decision import Verdict
from domain.events import to_ms

MOST_SPOKEN_OF = 100_000
MOST_BYTES = 96 * 2**20  # of the ledger's days that one look reads for what was approved
MOST_HISTORY = 30
query = queries_of(__file__)
_rows = rows_of(query)


class DialReader:
    """Methods raise ReadingsUnavailable. `maturity_ms` is when silence makes a captured payment good."""

    def __init__(self, pool: Pool, maturity_ms: int) -> None:
        self._pool = pool
        self._maturity_ms = maturity_ms

    def standing(self) -> Standing:
        with reading(self._pool) as connection:
            store = PolicyStore(connection)
            champions = _rows(connection, Champion, "own_thresholds", {})
            return Standing(
                policy=store.current(),
                champion=next(iter(champions), None),
                history=store.history(MOST_HISTORY),
            )

    def period(self, days: int) -> Period:
        until = datetime.now(UTC)
        since = until - timedelta(days=days)
        with reading(self._pool) as connection:
            percent = _percent(connection, since)
            span = {"since": since, "until": until, "most": MOST_SPOKEN_OF, "percent": percent}
            spoken_of = _found(connection, "spoken_of", span)
            approved = _found(connection, "approved", span)
        since_ms = _first_whole_ms(spoken_of)
        past, left_out = gathered(
            [row for row in spoken_of if row["decided_ms"] >= since_ms],
            [row for row in approved if row["decided_ms"] >= since_ms],
            one_in=100 / percent,
            now_ms=to_ms(until),
            maturity_ms=self._maturity_ms,
        )
        return Period(days=days, read_at=until, past=past, one_in=100 / percent, left_out=left_out)


def _first_whole_ms(spoken_of: Sequence[dict[str, Any]]) -> int:
    """From when on all that was questioned is here; before it some would be missing."""
    questioned = [row["decided_ms"] for row in spoken_of if row["verdict"] != Verdict.APPROVE]
    return min(questioned) if len(questioned) >= MOST_SPOKEN_OF else 0


def _percent(connection: psycopg.Connection, since: datetime) -> float:
    """Of the approved payments that one look can read."""
    row = connection.execute(query("bytes_of_days"), {"since": since}).fetchone()
    kept = int(row[0]) if row else 0
    return 100.0 if kept <= MOST_BYTES else max(0.1, round(100 * MOST_BYTES / kept, 1))


def _found(connection: psycopg.Connection, name: str, values: dict[str, Any]) -> Sequence[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        return cursor.execute(query(name), values).fetchall()

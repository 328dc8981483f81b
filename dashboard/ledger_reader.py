"""Readings from PostgreSQL; every fault of the database becomes one sentence."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
from msgspec import convert, structs
from psycopg.rows import kwargs_row
from psycopg_pool import PoolTimeout

from app.migrations import SchemaMismatch, check_schema
from dashboard.database import STATEMENT_LIMIT_S, Pool
from dashboard.queries import query
from dashboard.readings import (
    Alert,
    AlertBucket,
    ChargebackTotal,
    DecisionDetail,
    DecisionRow,
    DecisionTimes,
    DriftRow,
    OutcomeRow,
    Parity,
    Pipeline,
    ReadingsUnavailable,
    RungTotal,
    Snapshot,
    Totals,
    VerdictTotal,
)
from domain.online_store import WATERMARK_ENTITY, WATERMARK_VIEW

MOST_DECISIONS = 40
MOST_ALERTS = 12
MOST_DRIFTED = 9  # the score and the worst features
BUCKETS = 30
# Decisions are looked at again when they are some minutes old.
PARITY_DUE = {"due": timedelta(minutes=6), "overdue": timedelta(minutes=10)}
Row = TypeVar("Row")
Values = Mapping[str, Any]


def slice_of(period_min: int) -> timedelta:
    """How much of the period one bar of the chart stands for."""
    return timedelta(minutes=period_min) / BUCKETS


class LedgerReader:
    """Every method raises ReadingsUnavailable when the ledger cannot be read."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def snapshot(self, period_min: int, totals: Totals | None = None) -> Snapshot:
        """One look at the ledger; the totals, which cost most, may come from a moment ago."""
        most_alerts = {"period": timedelta(minutes=period_min), "most": MOST_ALERTS}
        watermark = {"watermark_view": WATERMARK_VIEW, "watermark_entity": WATERMARK_ENTITY}
        with self._connection() as connection:
            return Snapshot(
                period_min=period_min,
                newest=_rows(connection, DecisionRow, "newest_decisions", {"most": MOST_DECISIONS}),
                alerts=_rows(connection, Alert, "newest_alerts", most_alerts),
                pipeline=_rows(connection, Pipeline, "pipeline", watermark)[0],
                parity=_rows(connection, Parity, "parity", PARITY_DUE)[0],
                drift=_rows(connection, DriftRow, "newest_drift", {"most": MOST_DRIFTED}),
                **structs.asdict(totals or _totals(connection, period_min)),
            )

    def totals(self, period_min: int) -> Totals:
        with self._connection() as connection:
            return _totals(connection, period_min)

    def decision(self, decision_id: str) -> DecisionDetail | None:
        with self._connection() as connection:
            found = _rows(connection, DecisionDetail, "find_decision", {"decision_id": decision_id})
            if not found:
                return None
            outcomes = _rows(
                connection, OutcomeRow, "find_outcomes", {"transaction_id": found[0].transaction_id}
            )
        return structs.replace(found[0], outcomes=outcomes)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        try:
            with self._pool.connection() as connection:
                check_schema(connection)
                yield connection
        except SchemaMismatch as mismatch:
            raise ReadingsUnavailable(_sentence(str(mismatch))) from mismatch
        except psycopg.errors.QueryCanceled as slow:
            raise ReadingsUnavailable(
                f"The database took more than {STATEMENT_LIMIT_S:.0f} s to answer. Choose a shorter period, "
                "or look at what else keeps it busy."
            ) from slow
        except (psycopg.OperationalError, PoolTimeout) as away:
            raise ReadingsUnavailable(
                "The database does not answer, so nothing can be shown. See `faregate status`; "
                "`faregate up` starts what is down. This page comes back by itself."
            ) from away
        except psycopg.errors.InsufficientPrivilege as refused:
            raise ReadingsUnavailable(
                f"The database refuses: {_first_line(refused)}. The dashboard reads as the role that PGUSER "
                "names; faregate_console is the one that may."
            ) from refused


def _totals(connection: psycopg.Connection, period_min: int) -> Totals:
    period = {"period": timedelta(minutes=period_min)}
    sliced = {**period, "slice": slice_of(period_min)}
    return Totals(
        verdicts=_rows(connection, VerdictTotal, "verdict_totals", period),
        chargebacks=_rows(connection, ChargebackTotal, "chargeback_totals", period),
        rungs=_rows(connection, RungTotal, "rung_totals", period),
        times=_rows(connection, DecisionTimes, "decision_times", period)[0],
        buckets=_rows(connection, AlertBucket, "alert_buckets", sliced),
    )


def _rows(connection: psycopg.Connection, row: type[Row], name: str, values: Values) -> list[Row]:
    def typed(**columns: Any) -> Row:
        return convert(columns, row)

    with connection.cursor(row_factory=kwargs_row(typed)) as cursor:
        return cursor.execute(query(name), values).fetchall()


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _first_line(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)

"""Readings from PostgreSQL; every fault of the database becomes one sentence."""

from datetime import timedelta

import psycopg
from msgspec import structs

from app.queries import queries_of
from dashboard.database import Pool
from dashboard.reading import reading, rows_of
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
_rows = rows_of(queries_of(__file__))


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
        with reading(self._pool) as connection:
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
        with reading(self._pool) as connection:
            return _totals(connection, period_min)

    def decision(self, decision_id: str) -> DecisionDetail | None:
        with reading(self._pool) as connection:
            found = _rows(connection, DecisionDetail, "find_decision", {"decision_id": decision_id})
            if not found:
                return None
            outcomes = _rows(
                connection, OutcomeRow, "find_outcomes", {"transaction_id": found[0].transaction_id}
            )
        return structs.replace(found[0], outcomes=outcomes)


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

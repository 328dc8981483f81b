"""Readings from defaults; a test names only what it is about."""

from array import array
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.readings import (
    Alert,
    DecisionDetail,
    DecisionRow,
    DecisionTimes,
    DriftRow,
    Parity,
    Pipeline,
    RungTotal,
    Snapshot,
    VerdictTotal,
)
from domain.catalogue import FEATURES
from domain.decision import Rung, Verdict
from domain.events import to_ms
from domain.online_store import encode_watermark
from domain.reasons import Reason

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def ago(**given: float) -> datetime:
    return NOW - timedelta(**given)


def a_reason(**given: Any) -> Reason:
    defaults: dict[str, Any] = {
        "code": "card_payments_5m",
        "sentence": "6 payments on this card within 5 minutes",
        "value": 6.0,
        "normal": None,
        "contribution": 2.0,
    }
    return Reason(**{**defaults, **given})


def a_row(**given: Any) -> DecisionRow:
    defaults: dict[str, Any] = {
        "decision_id": "dec_a",
        "decided_at": ago(seconds=2),
        "verdict": Verdict.APPROVE,
        "amount_minor": 1_850,
        "currency": "USD",
        "user_id": "usr_a",
        "card_id": "card_a",
        "pickup_zone": "zone_a",
        "dropoff_zone": "zone_b",
        "score": 7,
        "rung": Rung.R0,
        "latency_us": 2_900,
        "model_version": "mdl_a",
        "scorer_kind": "compiled",
    }
    return DecisionRow(**{**defaults, **given})


def an_alert(**given: Any) -> Alert:
    defaults: dict[str, Any] = {
        "decision_id": "dec_b",
        "decided_at": ago(seconds=9),
        "verdict": Verdict.DECLINE,
        "amount_minor": 9_300,
        "currency": "USD",
        "user_id": "usr_b",
        "card_id": "card_b",
        "score": 96,
        "rung": Rung.R0,
        "reasons": [a_reason()],
        "last_outcome": None,
    }
    return Alert(**{**defaults, **given})


def a_pipeline(*, age_ms: int = 400, **given: Any) -> Pipeline:
    defaults: dict[str, Any] = {
        "now": NOW,
        "watermark": encode_watermark(to_ms(NOW) - age_ms),
        "watermark_written_at": ago(milliseconds=150),
        "waiting_events": 0,
        "waiting_since": None,
    }
    return Pipeline(**{**defaults, **given})


def a_parity(**given: Any) -> Parity:
    defaults: dict[str, Any] = {
        "checked_at": ago(minutes=2),
        "checked_decisions": 50,
        "as_known": 50,
        "with_hindsight": 49,
        "is_due": True,
    }
    return Parity(**{**defaults, **given})


def a_drift_row(**given: Any) -> DriftRow:
    defaults: dict[str, Any] = {
        "checked_at": ago(minutes=1),
        "subject": "score",
        "psi": 0.03,
        "ks": 0.05,
        "missing_rise": 0.0,
        "out_of_range": 0.0,
        "rows": 2_000,
        "alarm": None,
        "features": 61,
        "alarmed_features": 0,
    }
    return DriftRow(**{**defaults, **given})


def a_snapshot(**given: Any) -> Snapshot:
    defaults: dict[str, Any] = {
        "period_min": 60,
        "newest": [a_row()],
        "alerts": [an_alert()],
        "verdicts": [VerdictTotal(verdict=Verdict.APPROVE, payments=99, amount_minor=180_000)],
        "chargebacks": [],
        "rungs": [RungTotal(rung=Rung.R0, decisions=99)],
        "times": DecisionTimes(p50_us=2_900.0, p99_us=8_100.0),
        "buckets": [],
        "pipeline": a_pipeline(),
        "parity": a_parity(),
        "drift": [a_drift_row()],
    }
    return Snapshot(**{**defaults, **given})


def an_empty_snapshot(**given: Any) -> Snapshot:
    nothing: dict[str, Any] = {
        "newest": [],
        "alerts": [],
        "verdicts": [],
        "rungs": [],
        "times": DecisionTimes(p50_us=None, p99_us=None),
    }
    return a_snapshot(**{**nothing, **given})


def a_detail(**given: Any) -> DecisionDetail:
    defaults: dict[str, Any] = {
        "decision_id": "dec_b",
        "transaction_id": "txn_b",
        "decided_at": ago(seconds=9),
        "as_of_ms": to_ms(ago(seconds=9)),
        "user_id": "usr_b",
        "card_id": "card_b",
        "device_id": "dev_b",
        "driver_id": "drv_b",
        "ride_id": "ride_b",
        "amount_minor": 9_300,
        "currency": "USD",
        "pickup_zone": "zone_a",
        "dropoff_zone": "zone_b",
        "verdict": Verdict.DECLINE,
        "score": 96,
        "probability": 0.987,
        "rung": Rung.R0,
        "rung_reason": None,
        "feature_age_ms": 420,
        "model_version": "mdl_a",
        "scorer_kind": "compiled",
        "card_epoch": 1,
        "card_version": 7,
        "user_epoch": 1,
        "user_version": 1_234,
        "profile_epoch": None,
        "profile_version": None,
        "vector": array("f", [1.0] * len(FEATURES)).tobytes(),
        "reasons": [a_reason()],
        "latency_us": 2_900,
    }
    return DecisionDetail(**{**defaults, **given})

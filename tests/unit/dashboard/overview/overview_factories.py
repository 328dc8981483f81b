"""A day as the overview reads it; a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from dashboard.views.overview.period import PERIODS
from dashboard.views.overview.readings import (
    Change,
    Decided,
    Drawn,
    Known,
    Overview,
    Stopped,
    Times,
    Truths,
    TypeRow,
    ZonePlace,
    ZoneRow,
)
from domain.decision import Verdict
from domain.display import DAY_MS

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
DAY = PERIODS["24 h"]
HOUR = timedelta(hours=1)
LAST = NOW.replace(minute=0)


def decided(verdict: Verdict = Verdict.APPROVE, payments: int = 100, **given: Any) -> Decided:
    defaults = {"starts_at": LAST, "verdict": verdict, "payments": payments, "amount_minor": payments * 2_000}
    return Decided(**{**defaults, **given})


def stopped(truth: Literal["fraud", "good"] | None = None, payments: int = 10, **given: Any) -> Stopped:
    defaults: dict[str, Any] = {
        "starts_at": LAST,
        "truth": truth,
        "payments": payments,
        "amount_minor": payments * 5_000,
        "expected_frauds": payments * 0.8,
        "expected_minor": payments * 4_000.0,
    }
    return Stopped(**{**defaults, **given})


def drawn(truth: Literal["fraud", "good"] | None = None, *, days_ago: float = 1.0) -> Drawn:
    return Drawn(decided_at=NOW - timedelta(days=days_ago), chance=0.8, truth=truth)


def truths(**given: Any) -> Truths:
    defaults: dict[str, Any] = {
        "stopped": [stopped("fraud"), stopped(None)],
        "known": [Known(starts_at=LAST, frauds=12, good=3, lost_payments=2, lost_minor=9_000)],
        "matured": 0,
        "types": [
            TypeRow(
                hour=3,
                fraud_type=None,
                lead_reason="card_payments_5m",
                rule_ids=[],
                alerts=7,
                amount_minor=90_000,
            )
        ],
        "zones": [ZoneRow(zone="zone_a", alerts=7, amount_minor=90_000, fraud_minor=70_000.0)],
        "changes": [],
    }
    return Truths(**{**defaults, **given})


def overview(**given: Any) -> Overview:
    defaults: dict[str, Any] = {
        "now": NOW,
        "maturity_ms": 90 * DAY_MS,
        "decided": [decided(), decided(Verdict.DECLINE, 20)],
        "times": [Times(starts_at=LAST, p50_us=2_900.0, p99_us=11_000.0)],
        "drawn": [],
        "truths": truths(),
        "places": [ZonePlace(zone="zone_a", lat=51.5, lon=0.0), ZonePlace(zone="zone_b", lat=51.55, lon=0.1)],
    }
    return Overview(**{**defaults, **given})


def change(
    kind: Literal["champion", "canary", "rules", "policy"] = "champion",
    *,
    hours_ago: float = 2.0,
    subject: str = "mdl_bravo",
) -> Change:
    at = NOW - timedelta(hours=hours_ago)
    return Change(at=at, kind=kind, subject=subject, by="lea", why="better")

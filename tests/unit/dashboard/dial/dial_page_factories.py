"""What the dial page is shown: a period of payments, and what is in force."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.policies.store import PolicyVersion
from dashboard.views.dial.readings import Champion, Period, Standing
from dashboard.views.dial.scale import probability_at
from domain.display import DAY_MS
from domain.policy import Policy
from domain.thresholds import Thresholds
from scoring.dial.past import MOVED, Past, past_of

AT = datetime(2026, 11, 27, 12, 3, 11, tzinfo=UTC)
OWN = Thresholds(review=probability_at(30) * 1.01, challenge=probability_at(50), decline=probability_at(70))


def some_past(payments: int = 1_500, frauds: int = 120, seed: int = 4) -> Past:
    random = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-random.normal(-5.0, 1.8, payments)))
    p[:frauds] = 1 / (1 + np.exp(-random.normal(1.0, 2.0, frauds)))
    labels = np.where(np.arange(payments) < frauds, 1, np.where(np.arange(payments) < payments // 2, 0, -1))
    return past_of(
        probabilities=p,
        chances=np.where(labels >= 0, labels, p).astype(np.float64),
        amounts_minor=random.integers(800, 6_000, payments),
        weights=np.ones(payments),
        decided_ms=20_000 * DAY_MS + random.integers(0, 5 * DAY_MS, payments),
        groups=random.integers(0, 5_000, payments),
        fixed=np.full(payments, MOVED),
        labels=labels,
        until_ms=20_005 * DAY_MS,
    )


def a_period(days: int = 30, **given: Any) -> Period:
    defaults: dict[str, Any] = {"read_at": AT, "past": some_past(), "one_in": 1.0, "left_out": {}}
    return Period(days=days, **defaults | given)


def a_standing(policy: Policy | None = None, **given: Any) -> Standing:
    defaults: dict[str, Any] = {
        "policy": policy,
        "champion": Champion(version="mdl_a", thresholds=OWN),
        "history": [a_version(policy)] if policy else [],
    }
    return Standing(**defaults | given)


def a_version(policy: Policy, **given: Any) -> PolicyVersion:
    defaults: dict[str, Any] = {
        "changed_by": "lea",
        "why": "fewer reviews",
        "changed_at": AT,
        "evidence": {"before": {"saved_minor": 100_000.0}, "after": {"saved_minor": 134_000.0}},
    }
    return PolicyVersion(policy=policy, **defaults | given)

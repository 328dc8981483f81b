"""Payments of the past, from defaults."""

from typing import Any

import numpy as np

from domain.display import DAY_MS
from scoring.dial.past import MOVED, Past, past_of

START_MS = 20_000 * DAY_MS


def a_past(*rows: dict[str, Any], until_ms: int = START_MS + DAY_MS) -> Past:
    """A day's payments unless told otherwise; `p` is the probability and, unless given, the chance."""

    def column(name: str, default: Any) -> Any:
        return np.array([row.get(name, default) for row in rows])

    probabilities = column("p", 0.01).astype(np.float64)
    chances = [row.get("chance", p) for row, p in zip(rows, probabilities, strict=True)]
    return past_of(
        probabilities=probabilities,
        chances=np.array(chances, np.float64),
        amounts_minor=column("amount_minor", 2_000),
        weights=column("weight", 1.0).astype(np.float64),
        decided_ms=column("decided_ms", START_MS),
        groups=np.array([row.get("group", place) for place, row in enumerate(rows)]),
        fixed=column("fixed", MOVED),
        labels=column("label", -1),
        until_ms=until_ms,
    )


def a_city(payments: int = 3_000, days: int = 5, seed: int = 3) -> Past:
    """Calibrated probabilities, a few of them high, and what became of the payments."""
    random = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-random.normal(-5.0, 2.2, payments)))
    labels = (random.random(payments) < p).astype(np.int64)
    return past_of(
        probabilities=p,
        chances=labels.astype(np.float64),
        amounts_minor=random.integers(500, 9_000, payments),
        weights=np.ones(payments),
        decided_ms=START_MS + random.integers(0, days * DAY_MS, payments),
        groups=random.integers(0, 10_000, payments),
        fixed=np.where(random.random(payments) < 0.01, random.integers(0, 4, payments), MOVED),
        labels=labels,
        until_ms=START_MS + days * DAY_MS,
    )

"""The payments that a setting is tried on, as arrays."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.display import DAY_MS

Floats = NDArray[np.float64]
Whole = NDArray[np.signedinteger[Any]]
MOVED = -1
GROUPS = 128


@dataclass(frozen=True, kw_only=True)
class Past:
    """Payments, a row each: day by day, in a day the riskiest first.

    `probabilities` are what thresholds cut, the points of rules included; `chances` how far each counts as
    fraud (scoring.dial.chances). `groups` are riders, who are drawn together. `fixed` is the place in
    scoring.money.MILDEST_FIRST of a verdict that no threshold gave, a list's, a rule's or one without a
    model, and MOVED of all others. A row stands for `weights` payments. `covered` is how much of each day the
    payments are of, 0 to 1; `frauds` and `goods` are those whose label is known.
    """

    probabilities: Floats
    chances: Floats
    amounts_minor: Whole
    weights: Floats
    days: Whole
    groups: Whole
    fixed: Whole
    covered: Floats
    frauds: int
    goods: int

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def span_days(self) -> float:
        return float(self.covered.sum())

    @property
    def payments(self) -> float:
        return float(self.weights.sum())

    @cached_property
    def quantities(self) -> Floats:
        """Of each row: payments, frauds, fraud's money, all money; [4, rows]."""
        frauds = self.weights * self.chances
        return np.stack(
            [self.weights, frauds, frauds * self.amounts_minor, self.weights * self.amounts_minor]
        )

    @cached_property
    def by_group(self) -> Floats:
        """The sums of `quantities` of each group of riders, [GROUPS, 4]."""
        return np.stack([np.bincount(self.groups, each, GROUPS) for each in self.quantities], axis=1)

    def at_or_above(self, probability: float) -> "Past":
        """Those that a threshold there may touch, and those that none does."""
        rows = np.flatnonzero((self.probabilities >= probability) | (self.fixed != MOVED))
        columns = ("probabilities", "chances", "amounts_minor", "weights", "days", "groups", "fixed")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})


def past_of(
    *,
    probabilities: Floats,
    chances: Floats,
    amounts_minor: Whole,
    weights: Floats,
    decided_ms: Whole,
    groups: Whole,
    fixed: Whole,
    labels: Whole,
    until_ms: int,
) -> Past:
    """Rows in any order, at least one, decided before `until_ms`; the past begins with the first of them."""
    first_ms = int(decided_ms.min())
    day = decided_ms // DAY_MS
    days = day - day.min()
    order = np.lexsort((-probabilities, days))
    starts_ms = (first_ms // DAY_MS + np.arange(int(days.max()) + 1)) * DAY_MS
    ends_ms = np.minimum(starts_ms + DAY_MS, max(until_ms, int(decided_ms.max()) + 1))
    return Past(
        probabilities=probabilities[order],
        chances=chances[order],
        amounts_minor=amounts_minor[order],
        weights=weights[order],
        days=days[order],
        groups=groups[order] % GROUPS,
        fixed=fixed[order],
        covered=(ends_ms - np.maximum(starts_ms, first_ms)) / DAY_MS,
        frauds=int((labels == 1).sum()),
        goods=round(float(weights[labels == 0].sum())),
    )

"""How far one threshold on one feature goes: where that is far, fraud is too easy to prove anything."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.catalogue import FEATURE_NAMES
from scoring.dataset import Dataset

FALSE_DECLINES = 0.005


@dataclass(frozen=True, kw_only=True)
class SingleRule:
    """`feature` at or above, or at or below, `border`, and the share of a type of fraud that it catches."""

    feature: str
    above: bool
    border: float
    recall: float

    def __str__(self) -> str:
        return f"{self.feature} {'>=' if self.above else '<='} {self.border:g}"


def best_single_rules(rows: Dataset, *, false_declines: float = FALSE_DECLINES) -> dict[str, SingleRule]:
    """By type of fraud, the rule that catches most of it while it stops at most so many honest payments.

    Chosen with the labels at hand, so no rule written before could do better. A missing value meets no rule.
    """
    best: dict[str, SingleRule] = {}
    honest = rows.labels == 0
    allowed = int(false_declines * honest.sum())
    for index, feature in enumerate(FEATURE_NAMES):
        values = rows.vectors[:, index]
        for above in (True, False):
            border = _border(values[honest], allowed, above=above)
            met = values >= border if above else values <= border
            for kind in np.unique(rows.kinds[~honest]).tolist():
                recall = float(met[rows.kinds == kind].mean())
                if kind not in best or recall > best[kind].recall:
                    best[kind] = SingleRule(feature=feature, above=above, border=border, recall=recall)
    return best


def _border(honest: NDArray[np.floating[Any]], allowed: int, *, above: bool) -> float:
    """The loosest border that stops at most `allowed` of these values."""
    known = np.sort(honest[~np.isnan(honest)])
    if len(known) <= allowed:
        return -np.inf if above else np.inf
    first_spared = known[len(known) - 1 - allowed] if above else known[allowed]
    return float(np.nextafter(first_spared, np.float32(np.inf if above else -np.inf)))

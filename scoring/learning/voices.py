"""Whose word labels are, and of which days: no single voice may decide what is learned or promoted."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.display import DAY_MS
from scoring.dataset import Dataset

SHARE_MAX = 0.2  # of the training weight of fraud, and of that of honest payments
PARTS = 10  # of a window of few days
ANALYST = "analyst:"


@dataclass(frozen=True, kw_only=True)
class Voice:
    """An analyst, or a day: `rows` are those whose label it gave."""

    name: str
    rows: NDArray[np.bool_]


def voices(rows: Dataset) -> list[Voice]:
    """Every analyst, and every day on which labels became known; of less than ten days, every tenth."""
    analysts = [
        Voice(name=f"the analyst {source.removeprefix(ANALYST)}", rows=rows.sources == source)
        for source in np.unique(rows.sources).tolist()
        if source.startswith(ANALYST)
    ]
    return analysts + _times(rows)


def capped(rows: Dataset) -> Dataset:
    """The same rows, no analyst above a fifth of the weight of their class, told honest or fraud apart."""
    weights = rows.weights.astype(np.float64)
    for label in (0, 1):
        of_class = rows.labels == label
        for source in np.unique(rows.sources[of_class]).tolist():
            if source.startswith(ANALYST):
                theirs = of_class & (rows.sources == source)
                weights[theirs] *= _allowance(rows.weights, theirs, of_class)
    return replace(rows, weights=weights.astype(np.float32))


def _allowance(weights: NDArray[np.float32], theirs: NDArray[np.bool_], of_class: NDArray[np.bool_]) -> float:
    said, others = float(weights[theirs].sum()), float(weights[of_class & ~theirs].sum())
    return min(1.0, others * SHARE_MAX / (1 - SHARE_MAX) / said) if said > 0 else 1.0


def _times(rows: Dataset) -> list[Voice]:
    if not len(rows):
        return []
    first_ms, last_ms = int(rows.labelled_ms.min()), int(rows.labelled_ms.max())
    by_day = last_ms - first_ms >= PARTS * DAY_MS
    length_ms = DAY_MS if by_day else (last_ms - first_ms) // PARTS + 1
    part_of = (rows.labelled_ms - (0 if by_day else first_ms)) // length_ms
    what = "one day" if by_day else "one tenth of the time"
    return [Voice(name=f"the labels of {what}", rows=part_of == part) for part in np.unique(part_of).tolist()]

"""How well scores separate fraud from honest payments."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int8]
Scores = NDArray[np.floating[Any]]
FALSE_DECLINE_RATES = (0.001, 0.005, 0.01)


def average_precision(labels: Labels, scores: Scores) -> float:
    """The area under precision over recall, in steps; equal scores are one step."""
    frauds, honest = _caught_at_each_score(labels, scores)
    gained = np.diff(frauds, prepend=0)
    return float(np.sum(gained * frauds / (frauds + honest)) / frauds[-1])


def recall_at_false_decline_rate(labels: Labels, scores: Scores, rate: float) -> float:
    """The largest share of fraud that a threshold stops while it stops at most `rate` of honest payments."""
    frauds, honest = _caught_at_each_score(labels, scores)
    allowed = frauds[honest <= rate * honest[-1]]
    return float(allowed[-1] / frauds[-1]) if len(allowed) else 0.0


def separation(labels: Labels, scores: Scores) -> dict[str, float]:
    """PR-AUC and recall at the false-decline rates we report, by name."""
    recalls = {
        f"recall_at_{rate * 100:g}%_false_declines": recall_at_false_decline_rate(labels, scores, rate)
        for rate in FALSE_DECLINE_RATES
    }
    return {"pr_auc": average_precision(labels, scores), **recalls}


def _caught_at_each_score(labels: Labels, scores: Scores) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frauds and honest payments at or above each distinct score, from the highest down."""
    order = np.argsort(-scores, kind="stable")
    last_of_score = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    frauds = np.cumsum(labels[order], dtype=np.int64)[last_of_score]
    return frauds, last_of_score + 1 - frauds

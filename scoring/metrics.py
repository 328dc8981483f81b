"""How well scores separate fraud from honest payments; with weights, a row counts as so many payments."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int8]
Scores = NDArray[np.floating[Any]]
Weights = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]
FALSE_DECLINE_RATES = (0.001, 0.005, 0.01)
CARDS_LOOKED_AT = 100
_ROUNDING = 1 + 1e-12  # an allowance is an exact number of payments, its product with a rate is not


@dataclass(frozen=True, kw_only=True)
class Caught:
    """Frauds and honest payments at or above each distinct score, from the highest down."""

    frauds: Floats
    honest: Floats

    def average_precision(self) -> float:
        """The area under precision over recall, in steps; NaN without any fraud."""
        if not self.frauds[-1]:
            return np.nan
        gained = np.diff(self.frauds, prepend=0.0)
        stopped = np.maximum(self.frauds + self.honest, np.finfo(np.float64).tiny)
        return float(np.sum(gained * self.frauds / stopped) / self.frauds[-1])

    def allowed(self, rate: float) -> int:
        """How many distinct scores, from the highest down, stop at most `rate` of the honest payments."""
        return int(np.searchsorted(self.honest, rate * self.honest[-1] * _ROUNDING, side="right"))

    def recall_at(self, rate: float) -> float:
        """The largest share of fraud a threshold stops while it stops at most `rate` of honest payments.

        NaN without any fraud.
        """
        if not self.frauds[-1]:
            return np.nan
        allowed = self.allowed(rate)
        return float(self.frauds[allowed - 1] / self.frauds[-1]) if allowed else 0.0


class Ranking:
    """Payments from the highest score down, sorted once; equal scores stay together."""

    def __init__(self, labels: Labels, scores: Scores) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        self._last = np.append(np.flatnonzero(np.diff(ordered)), len(scores) - 1)
        self._fraud = labels[self._order] == 1
        self.thresholds = ordered[self._last]  # each distinct score once

    def caught(self, weights: Weights | None = None) -> Caught:
        counted = np.ones(len(self._order)) if weights is None else weights[self._order].astype(np.float64)
        frauds = np.where(self._fraud, counted, 0.0)
        return Caught(frauds=np.cumsum(frauds)[self._last], honest=np.cumsum(counted - frauds)[self._last])

    def threshold_at(self, rate: float, weights: Weights | None = None) -> float:
        """The lowest score from which at most `rate` of honest payments are stopped; infinity if none is."""
        allowed = self.caught(weights).allowed(rate)
        return float(self.thresholds[allowed - 1]) if allowed else np.inf


def average_precision(labels: Labels, scores: Scores, weights: Weights | None = None) -> float:
    """The area under precision over recall, in steps; equal scores are one step."""
    return Ranking(labels, scores).caught(weights).average_precision()


def recall_at_false_decline_rate(
    labels: Labels, scores: Scores, rate: float, weights: Weights | None = None
) -> float:
    """The largest share of fraud that a threshold stops while it stops at most `rate` of honest payments."""
    return Ranking(labels, scores).caught(weights).recall_at(rate)


class Cards:
    """Cards by their highest score, for analysts who can look at so many."""

    def __init__(self, labels: Labels, scores: Scores, card_ids: NDArray[np.str_]) -> None:
        self._card = np.unique(card_ids, return_inverse=True)[1]
        size = int(self._card.max()) + 1
        self._highest, self._fraud = np.full(size, -np.inf), np.zeros(size)
        np.maximum.at(self._highest, self._card, scores.astype(np.float64))
        np.maximum.at(self._fraud, self._card, labels.astype(np.float64))
        self._order = np.argsort(-self._highest, kind="stable")

    def precision(self, weights: Weights | None = None, *, looked_at: int = CARDS_LOOKED_AT) -> float:
        """Of the cards looked at first, how many had a fraud; a card weighs as much as its payments' mean."""
        counted = np.ones(len(self._order)) if weights is None else self._mean(weights)
        ordered = counted[self._order]
        room = np.clip(looked_at - (np.cumsum(ordered) - ordered), 0, ordered)
        return float(np.sum(room * self._fraud[self._order]) / np.sum(room))

    def _mean(self, weights: Weights) -> Floats:
        return np.asarray(np.bincount(self._card, weights) / np.bincount(self._card))


def separation(labels: Labels, scores: Scores, weights: Weights | None = None) -> dict[str, float]:
    """PR-AUC and recall at the false-decline rates we report, by name."""
    caught = Ranking(labels, scores).caught(weights)
    recalls = {
        f"recall_at_{rate * 100:g}%_false_declines": caught.recall_at(rate) for rate in FALSE_DECLINE_RATES
    }
    return {"pr_auc": caught.average_precision(), **recalls}

"""Two models on the same payments: how much better the challenger separates fraud, and what it saves."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.cost import Costs
from domain.decision import Verdict
from domain.thresholds import Thresholds
from scoring.dataset import Dataset

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
RESAMPLES = 200
LOW_END = 0.05  # one-sided: in one of twenty resamples the difference is smaller
SEED = 6
_BY_SEVERITY = (Verdict.APPROVE, Verdict.REVIEW, Verdict.CHALLENGE, Verdict.DECLINE)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a model says of each row, and where it cuts."""

    probabilities: NDArray[np.float64]
    thresholds: Thresholds

    def take(self, rows: Mask) -> "Answers":
        return Answers(probabilities=self.probabilities[rows], thresholds=self.thresholds)

    @cached_property
    def severities(self) -> NDArray[np.int64]:
        """0 approve, 1 review, 2 challenge, 3 decline."""
        cuts = [self.thresholds.review, self.thresholds.challenge, self.thresholds.decline]
        return np.searchsorted(cuts, self.probabilities, side="right")

    @property
    def stops(self) -> Mask:
        return self.severities >= _BY_SEVERITY.index(Verdict.CHALLENGE)

    def costs_minor(self, rows: Dataset, costs: Costs) -> NDArray[np.float64]:
        """What each row costs under this model's verdict, by its label."""
        table = np.array([[costs.of(v, fraud=fraud) for fraud in (False, True)] for v in _BY_SEVERITY])
        fixed, share = np.moveaxis(table[self.severities, rows.labels], -1, 0)
        return np.asarray(fixed + share * rows.amounts_minor, np.float64)


@dataclass(frozen=True, kw_only=True)
class Margin:
    """A difference, challenger over champion, and the low end of what chance would make of it."""

    value: float
    low: float


@dataclass(frozen=True, kw_only=True)
class Contest:
    """`rows` are those that both answered; riders are resampled whole, because their payments are alike."""

    rows: Dataset
    champion: Answers
    challenger: Answers
    costs: Costs = field(default_factory=Costs)

    def money(self, part: Mask) -> Margin:
        """Minor units saved a payment."""
        weights = self._weights * part
        saved = self.champion.costs_minor(self.rows, self.costs) - self.challenger.costs_minor(
            self.rows, self.costs
        )
        return _margin(_mean(weights, saved), _mean(self._resampled * part, saved))

    def precision(self, part: Mask) -> Margin:
        """Gain in average precision."""
        ours, theirs = (
            average_precisions(self.rows.labels[part], answers.probabilities[part], self._stacked(part))
            for answers in (self.challenger, self.champion)
        )
        return _margin((ours - theirs)[:1], (ours - theirs)[1:])

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        return self.rows.weights.astype(np.float64)[None, :]

    @cached_property
    def _resampled(self) -> NDArray[np.float64]:
        """Weights [resamples, rows]: a rider is drawn once on average, with all payments or none."""
        riders, rider_of = np.unique(self.rows.user_ids, return_inverse=True)
        drawn = np.random.default_rng(SEED).poisson(1.0, (RESAMPLES, len(riders)))
        return np.asarray(drawn[:, rider_of] * self._weights)

    def _stacked(self, part: Mask) -> NDArray[np.float64]:
        return np.vstack([self._weights[:, part], self._resampled[:, part]])


def average_precisions(
    labels: NDArray[np.int8], scores: Floats, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One for each row of `weights` [resamples, rows]; equal scores are one step, without fraud it is 0."""
    order = np.argsort(-scores, kind="stable")
    last_of_score = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    weights = weights[:, order]
    frauds = np.cumsum(weights * labels[order], axis=1)[:, last_of_score]
    caught = np.maximum(np.cumsum(weights, axis=1)[:, last_of_score], 1e-12)
    gained = np.diff(frauds, axis=1, prepend=0.0)
    return np.asarray(np.sum(gained * frauds / caught, axis=1) / np.maximum(frauds[:, -1], 1e-12))


def _mean(weights: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(weights @ values / np.maximum(weights.sum(axis=1), 1e-12))


def _margin(value: NDArray[np.float64], resampled: NDArray[np.float64]) -> Margin:
    return Margin(value=float(value[0]), low=float(np.quantile(resampled, LOW_END)))

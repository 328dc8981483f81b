"""What a setting costs and saves a day, and how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from domain.cost import Costs
from domain.decision import Verdict
from scoring.dial.past import GROUPS, Past
from scoring.dial.setting import APPROVE, REVIEW_MINUTES, Setting, given
from scoring.money import MILDEST_FIRST

DRAWS, COVERAGE, SEED = 200, 0.9, 7
Floats = NDArray[np.float64]
_QUANTITIES = 4  # as Past.quantities
FRAUD_LOSS, FALSE_DECLINES, FALSE_DECLINE_LOSS = "fraud_loss_minor", "false_declines", "false_decline_minor"
REVIEW_HOURS, REVIEWS, CHALLENGES = "review_hours", "reviews", "challenges"
SAVED = "saved_minor"
FIGURES = (FRAUD_LOSS, FALSE_DECLINES, FALSE_DECLINE_LOSS, REVIEW_HOURS, REVIEWS, CHALLENGES, SAVED)


class Range(Struct, frozen=True, kw_only=True):
    """A figure with its 90 % band: the same figure over riders drawn anew, many times.

    The band says how much chance is in these riders; it does not say how wrong the model's probabilities of
    payments may be that nobody knows the truth of.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`by_group` is [GROUPS, FIGURES], a day; `honest` how many honest payments a day there are."""

    by_group: Floats
    honest: float

    def value(self, figure: str) -> float:
        return float(self.by_group[:, FIGURES.index(figure)].sum())

    @property
    def false_decline_share(self) -> float:
        """Of honest payments: declined or challenged."""
        return self.value(FALSE_DECLINES) / self.honest if self.honest > 0 else 0.0

    def ranges(self) -> Mapping[str, Range]:
        return _ranges(self.by_group)

    def change_from(self, other: "Figures") -> Mapping[str, Range]:
        """This less the other, with the band of the difference: both are of the same riders."""
        return _ranges(self.by_group - other.by_group)


def figures_of(past: Past, setting: Setting, costs: Costs | None = None) -> Figures:
    """By the expected cost of each verdict on a payment that is a fraud as far as its chance says."""
    sums = _sums(past, setting)
    span = max(past.span_days, 1e-9)
    payments, frauds = sums.sum(axis=(0, 1))[:2]
    return Figures(
        by_group=np.einsum("gvq,vqf->gf", sums, _weights(costs or Costs())) / span,
        honest=float(payments - frauds) / span,
    )


def band(by_setting: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """The 90 % band of sums [settings]; what is given is [settings, GROUPS]."""
    drawn = _draws() @ by_setting.T
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return low, high


def _ranges(by_group: Floats) -> Mapping[str, Range]:
    low, high = band(by_group.T)
    return {
        name: Range(value=float(by_group[:, place].sum()), low=float(low[place]), high=float(high[place]))
        for place, name in enumerate(FIGURES)
    }


def _sums(past: Past, setting: Setting) -> Floats:
    """Of each group of riders and verdict the sums of quantities, [GROUPS, verdicts, quantities].

    Most payments are below every threshold: they are what is left of the whole.
    """
    touched = past.at_or_above(setting.thresholds.review)
    cell = touched.groups * len(MILDEST_FIRST) + given(touched, setting)
    found = [np.bincount(cell, each, GROUPS * len(MILDEST_FIRST)) for each in touched.quantities]
    sums = np.stack(found, axis=-1).reshape(GROUPS, len(MILDEST_FIRST), _QUANTITIES).astype(np.float64)
    sums[:, APPROVE] += past.by_group - sums.sum(axis=1)
    return sums


def _weights(costs: Costs) -> Floats:
    """What each quantity adds to each figure, by verdict: [verdicts, quantities, figures]."""
    found = np.zeros((len(MILDEST_FIRST), _QUANTITIES, len(FIGURES)))
    without = _of_cost(costs, Verdict.APPROVE)
    for place, verdict in enumerate(MILDEST_FIRST):
        reviewed, challenged = verdict is Verdict.REVIEW, verdict is Verdict.CHALLENGE
        passes = _passes(costs, verdict)
        refused = 1.0 if verdict is Verdict.DECLINE else costs.challenge_honest_leaves if challenged else 0.0
        columns = {
            FRAUD_LOSS: np.array([0, passes * costs.chargeback_fee_minor, passes, 0]),
            FALSE_DECLINES: np.array([1, -1, 0, 0]) * verdict.stops_payment,
            FALSE_DECLINE_LOSS: refused * _honest(costs.goodwill_minor, costs.margin_share),
            REVIEW_HOURS: np.array([reviewed * REVIEW_MINUTES / 60, 0, 0, 0]),
            REVIEWS: np.array([float(reviewed), 0, 0, 0]),
            CHALLENGES: np.array([float(challenged), 0, 0, 0]),
            SAVED: without - _of_cost(costs, verdict),
        }
        found[place] = np.stack([columns[name] for name in FIGURES], axis=-1)
    return found


def _of_cost(costs: Costs, verdict: Verdict) -> Floats:
    """The expected cost of a verdict as a sum over the quantities."""
    fraud, honest = costs.of(verdict, fraud=True), costs.of(verdict, fraud=False)
    of_fraud = np.array([0, fraud.fixed_minor, fraud.amount_share, 0])
    return of_fraud + _honest(honest.fixed_minor, honest.amount_share)


def _honest(fixed_minor: float, amount_share: float) -> Floats:
    return np.array([fixed_minor, -fixed_minor, -amount_share, amount_share])


def _passes(costs: Costs, verdict: Verdict) -> float:
    """The share of fraud that is lost all the same."""
    return {
        Verdict.APPROVE: 1.0,
        Verdict.REVIEW: 1 - costs.review_catches,
        Verdict.CHALLENGE: costs.challenge_fraud_passes,
    }.get(verdict, 0.0)


@cache
def _draws() -> Floats:
    """How often each group of riders is drawn, [DRAWS, GROUPS]."""
    random = np.random.default_rng(SEED)
    return random.multinomial(GROUPS, np.full(GROUPS, 1 / GROUPS), size=DRAWS).astype(np.float64)

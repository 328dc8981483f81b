"""Where review, challenge and decline begin: the cuts whose expected cost on the validation part is least.

A few dozen frauds say little about where a cut should be; the calibrated probabilities of thousands of
payments say more: so a payment counts as fraud as far as its probability says. Labels only guard the honest.
"""

from collections import deque
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.cost import Costs
from domain.decision import Verdict
from domain.thresholds import Thresholds
from scoring.calibration import Floats
from scoring.metrics import Labels, Weights

FALSE_DECLINES_MAX = 0.003  # of honest payments, stopped by a decline or a challenge
REVIEWS_MAX = 0.02  # of all payments: what analysts can look at
SEVEREST_FIRST = (Verdict.DECLINE, Verdict.CHALLENGE, Verdict.REVIEW, Verdict.APPROVE)


def choose(
    labels: Labels,
    probabilities: Floats,
    amounts_minor: NDArray[np.int64],
    *,
    costs: Costs | None = None,
    false_declines_max: float = FALSE_DECLINES_MAX,
    reviews_max: float = REVIEWS_MAX,
    weights: Weights | None = None,
) -> Thresholds:
    """Cut the payments, riskiest first, into decline, challenge, review and approve at the least cost.

    At most `false_declines_max` of the honest payments are stopped, at most `reviews_max` of all reviewed.
    """
    costs = costs or Costs()
    order = np.argsort(-probabilities, kind="stable")
    labels, probabilities, amounts_minor = labels[order], probabilities[order], amounts_minor[order]
    counted = np.ones(len(order)) if weights is None else weights[order].astype(np.float64)
    honest = counted * (labels == 0)
    allowed = np.append(True, np.append(np.diff(probabilities) != 0, True))  # equal scores stay together
    stoppable = np.append(0, np.cumsum(honest)) <= false_declines_max * honest.sum()
    totals = {v: _cost_of_first(v, probabilities, amounts_minor, counted, costs) for v in SEVEREST_FIRST}
    above = np.append(0, np.cumsum(counted))
    first_of_review = np.searchsorted(above, above - reviews_max * above[-1] - 1e-9)
    cuts = _cheapest_cuts(totals, allowed=allowed, stoppable=stoppable, first_of_review=first_of_review)
    amount_minor = int(np.average(amounts_minor, weights=counted))
    steps = [break_even(costs, severe, mild, amount_minor) for severe, mild in pairwise(SEVEREST_FIRST)]
    found = [_within_gap(probabilities, cut, step) for cut, step in zip(cuts, steps, strict=True)]
    decline, challenge, review = np.maximum.accumulate(found[::-1])[::-1].tolist()
    return Thresholds(review=review, challenge=challenge, decline=decline)


def expected_cost_minor(
    probabilities: Floats, amounts_minor: NDArray[np.int64], thresholds: Thresholds, costs: Costs
) -> float:
    """What these payments will cost in all, by their probabilities, when decided by `thresholds`."""
    total = 0.0
    for p, amount_minor in zip(probabilities.tolist(), amounts_minor.tolist(), strict=True):
        verdict = thresholds.verdict(p)
        total += p * costs.of(verdict, fraud=True).of(amount_minor)
        total += (1 - p) * costs.of(verdict, fraud=False).of(amount_minor)
    return total


def break_even(costs: Costs, severe: Verdict, mild: Verdict, amount_minor: int) -> float:
    """The probability from which `severe` costs less than `mild` on a payment of this amount."""
    saved, spent = (
        sign * (costs.of(mild, fraud=fraud).of(amount_minor) - costs.of(severe, fraud=fraud).of(amount_minor))
        for sign, fraud in ((1, True), (-1, False))
    )
    return min(max(spent / (saved + spent), 0.0), 1.0) if saved + spent > 0 else 1.0


def _cost_of_first(
    verdict: Verdict, probabilities: Floats, amounts_minor: NDArray[np.int64], counted: Floats, costs: Costs
) -> Floats:
    """What it costs to give `verdict` to the n riskiest payments, n = 0, 1, …"""
    fraud, honest = costs.of(verdict, fraud=True), costs.of(verdict, fraud=False)
    if_fraud = fraud.fixed_minor + fraud.amount_share * amounts_minor
    if_honest = honest.fixed_minor + honest.amount_share * amounts_minor
    return np.append(0.0, np.cumsum(counted * (probabilities * if_fraud + (1 - probabilities) * if_honest)))


def _cheapest_cuts(
    totals: dict[Verdict, Floats],
    *,
    allowed: NDArray[np.bool_],
    stoppable: NDArray[np.bool_],
    first_of_review: NDArray[np.int64],
) -> list[int]:
    """How many payments lie above each cut: decline's, challenge's, review's.

    Moving the cut between a verdict and the next milder one from 0 to n adds the difference of their totals
    up to n, so the best three cuts follow from one running minimum each. What analysts can look at bounds how
    far review's cut may lie below challenge's: there the minimum runs over a window.
    """
    declining = _where_least(_step(totals, Verdict.DECLINE, Verdict.CHALLENGE), allowed & stoppable)
    best = declining.least
    challenging = _where_least(
        best + _step(totals, Verdict.CHALLENGE, Verdict.REVIEW), allowed & stoppable, first_of_review
    )
    reviewing = _where_least(challenging.least + _step(totals, Verdict.REVIEW, Verdict.APPROVE), allowed)
    review = int(reviewing.at[-1])
    challenge = int(challenging.at[review])
    return [int(declining.at[challenge]), challenge, review]


def _step(totals: dict[Verdict, Floats], severe: Verdict, mild: Verdict) -> Floats:
    return totals[severe] - totals[mild]


class _Least(NamedTuple):
    least: Floats  # up to each place
    at: NDArray[np.int64]


def _where_least(
    values: Floats, allowed: NDArray[np.bool_], first: NDArray[np.int64] | None = None
) -> _Least:
    """The least allowed value up to each place, or from the place `first` names up to it; the earliest."""
    values = np.where(allowed, values, np.inf)
    if first is None:
        first = np.zeros(len(values), np.int64)
    least, at = np.full(len(values), np.inf), np.zeros(len(values), np.int64)
    rising: deque[int] = deque()  # places whose values rise: each the least from there on
    for place, value in enumerate(values.tolist()):
        while rising and values[rising[-1]] > value:
            rising.pop()
        rising.append(place)
        while rising[0] < first[place]:
            rising.popleft()
        least[place], at[place] = values[rising[0]], rising[0]
    return _Least(least, at)


def _within_gap(probabilities: Floats, cut: int, wished: float) -> float:
    """The threshold nearest to `wished` that has exactly the `cut` riskiest payments at or above it."""
    above = float(probabilities[cut - 1]) if cut else 1.0
    below = float(probabilities[cut]) if cut < len(probabilities) else 0.0
    return float(np.clip(wished, np.nextafter(below, 1), above))

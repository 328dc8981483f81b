"""Where review, challenge and decline begin: the cuts whose expected cost on the validation part is least.

A few dozen frauds say little about where a cut should be; the calibrated probabilities of thousands of
payments say more: so a payment counts as fraud as far as its probability says. Labels only guard the honest.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from domain.cost import Costs
from domain.decision import Verdict
from domain.thresholds import Thresholds
from scoring.calibration import Floats
from scoring.metrics import Labels

FALSE_DECLINES_MAX = 0.003  # of honest payments, stopped by a decline or a challenge
SEVEREST_FIRST = (Verdict.DECLINE, Verdict.CHALLENGE, Verdict.REVIEW, Verdict.APPROVE)


def choose(
    labels: Labels,
    probabilities: Floats,
    amounts_minor: NDArray[np.int64],
    *,
    costs: Costs | None = None,
    false_declines_max: float = FALSE_DECLINES_MAX,
) -> Thresholds:
    """Cut the payments, riskiest first, into decline, challenge, review and approve at the least cost."""
    costs = costs or Costs()
    order = np.argsort(-probabilities, kind="stable")
    labels, probabilities, amounts_minor = labels[order], probabilities[order], amounts_minor[order]
    allowed = np.append(True, np.append(np.diff(probabilities) != 0, True))  # equal scores stay together
    stoppable = np.append(0, np.cumsum(labels == 0)) <= false_declines_max * np.sum(labels == 0)
    totals = {v: _cost_of_first(v, probabilities, amounts_minor, costs) for v in SEVEREST_FIRST}
    cuts = _cheapest_cuts(totals, allowed=allowed, stoppable=stoppable)
    amount_minor = int(amounts_minor.mean())
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
    verdict: Verdict, probabilities: Floats, amounts_minor: NDArray[np.int64], costs: Costs
) -> Floats:
    """What it costs to give `verdict` to the n riskiest payments, n = 0, 1, …"""
    fraud, honest = costs.of(verdict, fraud=True), costs.of(verdict, fraud=False)
    if_fraud = fraud.fixed_minor + fraud.amount_share * amounts_minor
    if_honest = honest.fixed_minor + honest.amount_share * amounts_minor
    return np.append(0.0, np.cumsum(probabilities * if_fraud + (1 - probabilities) * if_honest))


def _cheapest_cuts(
    totals: dict[Verdict, Floats], *, allowed: NDArray[np.bool_], stoppable: NDArray[np.bool_]
) -> list[int]:
    """How many payments lie above each cut: decline's, challenge's, review's.

    Moving the cut between a verdict and the next milder one from 0 to n adds the difference of their totals
    up to n, so the best three cuts follow from one running minimum each.
    """
    best = np.zeros(len(allowed))
    choices: list[NDArray[np.int64]] = []
    for severe, mild in pairwise(SEVEREST_FIRST):
        here = best + totals[severe] - totals[mild]
        may_cut = allowed if mild is Verdict.APPROVE else allowed & stoppable
        best, chosen = _running_minimum(np.where(may_cut, here, np.inf))
        choices.append(chosen)
    review = int(choices[2][-1])
    challenge = int(choices[1][review])
    return [int(choices[0][challenge]), challenge, review]


def _running_minimum(values: Floats) -> tuple[Floats, NDArray[np.int64]]:
    lowest = np.minimum.accumulate(values)
    is_new = np.append(True, lowest[1:] < lowest[:-1])
    return lowest, np.maximum.accumulate(np.where(is_new, np.arange(len(values)), 0))


def _within_gap(probabilities: Floats, cut: int, wished: float) -> float:
    """The threshold nearest to `wished` that has exactly the `cut` riskiest payments at or above it."""
    above = float(probabilities[cut - 1]) if cut else 1.0
    below = float(probabilities[cut]) if cut < len(probabilities) else 0.0
    return float(np.clip(wished, np.nextafter(below, 1), above))

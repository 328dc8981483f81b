"""Where review, challenge and decline begin: the three cuts that cost least on the validation part."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from domain.cost import Costs
from domain.decision import Verdict
from scoring.calibration import Floats
from scoring.metrics import Labels
from scoring.scorer import Thresholds

FALSE_DECLINES_MAX = 0.003  # of honest payments, stopped by a decline or a challenge
NEVER = 1.0
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
    order = np.argsort(-probabilities, kind="stable")
    labels, probabilities, amounts_minor = labels[order], probabilities[order], amounts_minor[order]
    allowed = np.append(True, np.append(np.diff(probabilities) != 0, True))  # equal scores stay together
    stoppable = np.append(0, np.cumsum(labels == 0)) <= false_declines_max * np.sum(labels == 0)
    totals = _cost_of_first(labels, amounts_minor, costs or Costs())
    cuts = _cheapest_cuts(totals, allowed=allowed, stoppable=stoppable)
    decline, challenge, review = (
        _between(probabilities, cut, share) for cut, share in zip(cuts, (0.75, 0.5, 0.25), strict=True)
    )
    return Thresholds(review=review, challenge=challenge, decline=decline)


def total_cost_minor(
    labels: Labels,
    probabilities: Floats,
    amounts_minor: NDArray[np.int64],
    thresholds: Thresholds,
    costs: Costs | None = None,
) -> float:
    """What these payments cost in all when decided by `thresholds`."""
    verdicts = [thresholds.verdict(p) for p in probabilities.tolist()]
    rows = zip(verdicts, labels.tolist(), amounts_minor.tolist(), strict=True)
    costs = costs or Costs()
    return sum(costs.of(verdict, fraud=bool(label)).of(amount) for verdict, label, amount in rows)


def _cost_of_first(labels: Labels, amounts_minor: NDArray[np.int64], costs: Costs) -> dict[Verdict, Floats]:
    """For each verdict, what it costs to give it to the n riskiest payments, n = 0, 1, …"""
    totals: dict[Verdict, Floats] = {}
    for verdict in SEVEREST_FIRST:
        fraud, honest = costs.of(verdict, fraud=True), costs.of(verdict, fraud=False)
        fixed = np.where(labels == 1, fraud.fixed_minor, honest.fixed_minor)
        share = np.where(labels == 1, fraud.amount_share, honest.amount_share)
        totals[verdict] = np.append(0.0, np.cumsum(fixed + share * amounts_minor))
    return totals


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


def _between(probabilities: Floats, cut: int, share: float) -> float:
    """A threshold in the gap at `cut`, `share` of the way up in log odds, so that equal cuts differ."""
    if cut == 0:
        return NEVER
    above = float(probabilities[cut - 1])
    below = float(probabilities[cut]) if cut < len(probabilities) else above / 2
    odds = _log_odds(below) + share * (_log_odds(above) - _log_odds(below))
    return float(np.clip(1 / (1 + np.exp(-odds)), np.nextafter(below, 1), above))


def _log_odds(probability: float) -> float:
    p = min(max(probability, 1e-12), 1 - 1e-12)
    return float(np.log(p / (1 - p)))

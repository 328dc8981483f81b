"""The setting that saves most on the past, among all that the sliders can show.

scoring.thresholds.choose cuts a model before anything is known of its payments, by probabilities alone. Here
what became of the payments counts too (scoring.dial.chances), and every day has its own capacity of reviews.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from domain.cost import Costs
from domain.decision import Verdict
from domain.thresholds import Thresholds
from scoring.dial.past import MOVED, Floats, Past
from scoring.dial.setting import ROUNDING, Setting, free_a_day
from scoring.thresholds import FALSE_DECLINES_MAX

Places = NDArray[np.int64]


def optimum(
    past: Past,
    cuts: Floats,
    *,
    reviews_a_day: float | None,
    costs: Costs | None = None,
    false_declines_max: float = FALSE_DECLINES_MAX,
) -> Setting:
    """Thresholds out of `cuts` (rising, the last above every probability) at the least cost.

    At most `false_declines_max` of the honest payments that the score decides are stopped by them.
    """
    days = _Days(past, np.asarray(cuts, np.float64), costs or Costs())
    declining = days.of_stop[Verdict.DECLINE] - days.of_stop[Verdict.CHALLENGE]
    decline_at = _best_from(declining)  # for each place of challenge's cut: where decline's is best
    stopping = declining[decline_at] + days.of_stop[Verdict.CHALLENGE]
    stopping[days.honest_above > false_declines_max * days.honest + ROUNDING] = -np.inf
    stopping[-1] = np.maximum(stopping[-1], 0.0)  # nothing is stopped: that is always allowed
    total = stopping[None, :] + days.reviewed(reviews_a_day)
    mildest = total.size - 1 - int(np.argmax(total[::-1, ::-1]))  # of equals: what asks for the least
    review, challenge = np.unravel_index(mildest, total.shape)
    thresholds = Thresholds(
        review=float(cuts[review]),
        challenge=float(cuts[challenge]),
        decline=float(cuts[decline_at[challenge]]),
    )
    return Setting(thresholds=thresholds, reviews_a_day=reviews_a_day)


class _Days:
    """Sums of the payments that thresholds decide, day by day from the riskiest on."""

    def __init__(self, past: Past, cuts: Floats, costs: Costs) -> None:
        moved = past.fixed == MOVED
        self._past, self._moved = past, moved
        weights, chances = past.weights[moved], past.chances[moved]
        amounts = past.amounts_minor[moved].astype(np.float64)
        self._of_day = np.searchsorted(past.days[moved], np.arange(len(past.covered) + 1))
        self._weight = np.append(0.0, np.cumsum(weights))
        self._above = self._places(past.probabilities[moved], cuts)
        self._of_review = np.append(0.0, np.cumsum(_saved(Verdict.REVIEW, weights, chances, amounts, costs)))
        self.of_stop = {
            verdict: self._total(_saved(verdict, weights, chances, amounts, costs))
            for verdict in (Verdict.CHALLENGE, Verdict.DECLINE)
        }
        honest = weights * (1 - chances)
        self.honest_above, self.honest = self._total(honest), float(honest.sum())

    def reviewed(self, reviews_a_day: float | None) -> Floats:
        """What reviews save, by the places of review's and challenge's cuts; never with the first above."""
        first, above = self._above, self._above
        if reviews_a_day is None:
            last = np.broadcast_to(self._of_day[1:], above.shape)
        else:
            room = self._weight[above] + free_a_day(self._past, reviews_a_day) + ROUNDING
            last = np.searchsorted(self._weight, room, side="right") - 1
        found = np.full((len(above), len(above)), -np.inf)
        for challenge in range(len(above)):
            until = np.minimum(above[: challenge + 1], last[challenge])
            saved = self._of_review[until] - self._of_review[first[challenge]]
            found[: challenge + 1, challenge] = saved.sum(axis=1)
        return found

    def _places(self, probabilities: Floats, cuts: Floats) -> Places:
        """[cuts, days]: the row after the last one of the day that is at or above the cut."""
        found = [
            first + np.searchsorted(-probabilities[first:end], -cuts, side="right")
            for first, end in pairwise(self._of_day.tolist())
        ]
        return np.stack(found, axis=1)

    def _total(self, counted: Floats) -> Floats:
        """By cut, over all days: the sum of what is at or above it."""
        running = np.append(0.0, np.cumsum(counted))
        total: Floats = (running[self._above] - running[self._of_day[:-1]]).sum(axis=1)
        return total


def _saved(verdict: Verdict, weights: Floats, chances: Floats, amounts: Floats, costs: Costs) -> Floats:
    """Of each payment against approving it."""
    saved = np.zeros(len(weights))
    for fraud, counted in ((True, weights * chances), (False, weights * (1 - chances))):
        before, after = costs.of(Verdict.APPROVE, fraud=fraud), costs.of(verdict, fraud=fraud)
        fixed, share = (a - b for a, b in zip(before, after, strict=True))
        saved += counted * (fixed + share * amounts)
    return saved


def _best_from(values: Floats) -> Places:
    """For each place, where from there on the greatest value is; of equals the last."""
    backwards = values[::-1]
    before = np.append(-np.inf, np.maximum.accumulate(backwards)[:-1])
    at = np.maximum.accumulate(np.where(backwards > before, np.arange(len(values)), 0))
    return (len(values) - 1 - at)[::-1]

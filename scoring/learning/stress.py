"""Attacks of the past, which a new model must still stop."""

from dataclasses import dataclass, field

import numpy as np

from domain.cost import Costs
from domain.decision import Verdict
from domain.thresholds import Thresholds
from scoring.dataset import Dataset
from scoring.learning.contest import Answers, Mask

TOLERANCE = 0.05  # of the money that all past attacks would take
TOLERANCE_OF_A_TYPE = 0.10
# So many payments may go whatever their share: of a dozen, one is chance.
PAYMENTS_LET_GO, PAYMENTS_OF_A_TYPE_LET_GO = 4.0, 1.5


FALSE_STOPS = 0.01


@dataclass(frozen=True, kw_only=True)
class Stress:
    """Frauds that neither model learned from."""

    rows: Dataset
    champion: Answers
    challenger: Answers
    costs: Costs = field(default_factory=Costs)

    def complaint(self) -> str | None:
        """What the challenger forgot, in a sentence; None when it stops what the champion stops."""
        if not len(self.rows):
            return None
        everything = self._lost(np.ones(len(self.rows), np.bool_))
        if everything > max(TOLERANCE, PAYMENTS_LET_GO / len(self.rows)):
            return f"it would lose {everything:.0%} more of the money in past attacks than the champion"
        for kind in np.unique(self.rows.kinds).tolist():
            of_kind = self.rows.kinds == kind
            allowed = max(TOLERANCE_OF_A_TYPE, PAYMENTS_OF_A_TYPE_LET_GO / int(of_kind.sum()))
            lost = self._lost(of_kind)
            if lost > allowed:
                return f"it forgot {kind or 'an attack without a name'}: {lost:.0%} more of its money is lost"
        return None

    def _lost(self, part: Mask) -> float:
        """What the challenger loses beyond the champion, as a share of the loss with no model."""
        rows = self.rows.take(part)
        ours, theirs = (
            answers.take(part).costs_minor(rows, self.costs).sum()
            for answers in (self.challenger, self.champion)
        )
        loss = self.costs.of(Verdict.APPROVE, fraud=True)
        at_stake = loss.fixed_minor * len(rows) + loss.amount_share * float(rows.amounts_minor.sum())
        return float((ours - theirs) / at_stake)


def stress_of(past: Dataset, champion: Answers, challenger: Answers) -> "Stress":
    """Of payments of the past that neither model learned from.

    Both are cut where they would stop FALSE_STOPS of the honest ones: where each cuts today follows from
    today's payments, and what it has forgotten must not be mixed up with that.
    """
    honest, attacks = past.labels == 0, past.labels == 1
    return Stress(
        rows=past.take(attacks),
        champion=_cut(champion, honest).take(attacks),
        challenger=_cut(challenger, honest).take(attacks),
    )


def _cut(answers: Answers, honest: Mask) -> Answers:
    cut = float(np.quantile(answers.probabilities[honest], 1 - FALSE_STOPS))
    return Answers(
        probabilities=answers.probabilities, thresholds=Thresholds(review=cut, challenge=cut, decline=cut)
    )

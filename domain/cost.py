"""What a verdict costs us, in minor units, when the payment turns out honest or a fraud.

Every cost is a fixed part and a share of the amount, so that whole samples can be summed at once.
"""

from dataclasses import dataclass
from typing import NamedTuple

from domain.decision import Verdict


class Cost(NamedTuple):
    fixed_minor: float
    amount_share: float

    def of(self, amount_minor: int) -> float:
        return self.fixed_minor + self.amount_share * amount_minor

    def times(self, chance: float) -> "Cost":
        return Cost(self.fixed_minor * chance, self.amount_share * chance)

    def plus(self, fixed_minor: float) -> "Cost":
        return Cost(self.fixed_minor + fixed_minor, self.amount_share)


NOTHING = Cost(0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Costs:
    chargeback_fee_minor: int = 2_500  # the acquirer's fee on top of the amount lost
    margin_share: float = 0.25  # what a refused honest ride would have earned
    goodwill_minor: int = 1_000  # the chance that a refused honest rider leaves
    review_minor: int = 150  # minutes of an analyst
    review_catches: float = 0.6  # frauds an analyst stops before the money is gone
    challenge_minor: int = 15  # sending it, and the rider's patience
    challenge_fraud_passes: float = 0.1
    challenge_honest_leaves: float = 0.2

    def of(self, verdict: Verdict, *, fraud: bool) -> Cost:
        """The expected cost of `verdict` on a payment that is, or is not, a fraud."""
        loss = Cost(self.chargeback_fee_minor, 1.0) if fraud else NOTHING
        refusal = NOTHING if fraud else Cost(self.goodwill_minor, self.margin_share)
        leaves = 0.0 if fraud else self.challenge_honest_leaves
        match verdict:
            case Verdict.APPROVE:
                return loss
            case Verdict.REVIEW:
                return loss.times(1 - self.review_catches).plus(self.review_minor)
            case Verdict.CHALLENGE:
                stays = loss.times(self.challenge_fraud_passes)
                gone = refusal.times(leaves)
                return Cost(*(a + b for a, b in zip(stays, gone, strict=True))).plus(self.challenge_minor)
        return refusal  # a decline costs nothing else

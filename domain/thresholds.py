"""From a probability of fraud to a verdict."""

from msgspec import Struct

from domain.decision import Verdict


class Thresholds(Struct, frozen=True, kw_only=True):
    """Probabilities at and above which a verdict is given; review <= challenge <= decline."""

    review: float
    challenge: float
    decline: float

    def verdict(self, probability: float) -> Verdict:
        if probability >= self.decline:
            return Verdict.DECLINE
        if probability >= self.challenge:
            return Verdict.CHALLENGE
        return Verdict.REVIEW if probability >= self.review else Verdict.APPROVE

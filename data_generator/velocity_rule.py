"""The old system that decided in the past: too many payments on one card within an hour are declined."""

from collections import defaultdict, deque

from domain.decision import Verdict
from domain.display import HOUR_MS

PAYMENTS_AN_HOUR = 10


class VelocityRule:
    def __init__(self, limit: int = PAYMENTS_AN_HOUR) -> None:
        self._limit = limit
        self._paid: defaultdict[str, deque[int]] = defaultdict(deque)

    def decide(self, card_id: str, at_ms: int) -> Verdict:
        """Payments must come in the order of their times; declined ones count too."""
        paid = self._paid[card_id]
        while paid and paid[0] <= at_ms - HOUR_MS:
            paid.popleft()
        paid.append(at_ms)
        return Verdict.DECLINE if len(paid) > self._limit else Verdict.APPROVE

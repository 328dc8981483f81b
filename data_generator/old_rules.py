"""The old system that decided in the past: too many payments on a card within an hour, or too dear a fare."""

from collections import defaultdict, deque

from domain.decision import Verdict
from domain.display import HOUR_MS

PAYMENTS_AN_HOUR = 10
FARE_LIMIT_MINOR = 7_000


class OldRules:
    def __init__(self, limit: int = PAYMENTS_AN_HOUR) -> None:
        self._limit = limit
        self._paid: defaultdict[str, deque[int]] = defaultdict(deque)

    def decide(self, card_id: str, amount_minor: int, at_ms: int) -> Verdict:
        """Payments must come in the order of their times; declined ones count too."""
        paid = self._paid[card_id]
        while paid and paid[0] <= at_ms - HOUR_MS:
            paid.popleft()
        paid.append(at_ms)
        stopped = len(paid) > self._limit or amount_minor > FARE_LIMIT_MINOR
        return Verdict.DECLINE if stopped else Verdict.APPROVE

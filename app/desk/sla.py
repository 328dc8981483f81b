"""How soon an alert should be worked on: sooner where a payment or a rider waits for us."""

from datetime import datetime, timedelta

from domain.decision import Verdict

CHALLENGE_TARGET = timedelta(minutes=15)  # the rider stands at the kerb
REVIEW_TARGET = timedelta(minutes=30)  # the ride goes on, and its money with it
DECLINE_TARGET = timedelta(hours=4)  # the ride is lost; the rider may be honest and try again
TARGETS = {
    Verdict.CHALLENGE: CHALLENGE_TARGET,
    Verdict.REVIEW: REVIEW_TARGET,
    Verdict.DECLINE: DECLINE_TARGET,
}


def due_at(verdict: Verdict, decided_at: datetime) -> datetime | None:
    """None for an approval, which nobody waits for."""
    target = TARGETS.get(verdict)
    return decided_at + target if target else None

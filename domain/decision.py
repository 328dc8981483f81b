"""What a decision can be, and on what footing it was made."""

from enum import StrEnum


class Verdict(StrEnum):
    APPROVE = "approve"
    REVIEW = "review"
    CHALLENGE = "challenge"
    DECLINE = "decline"

    @property
    def stops_payment(self) -> bool:
        """A challenge holds the money until the rider answers, so it stops a payment too."""
        return self in (Verdict.CHALLENGE, Verdict.DECLINE)


class Rung(StrEnum):
    """How much of the machinery stood behind a decision."""

    R0 = "R0"  # the full model on features at most 2 s old
    R1 = "R1"  # the full model on features at most 60 s old
    R2 = "R2"  # the request's own data only
    R3 = "R3"  # the default policy by amount


class Outcome(StrEnum):
    CAPTURED = "captured"
    FAILED = "failed"
    REFUNDED = "refunded"
    CHALLENGE_PASSED = "challenge_passed"
    CHALLENGE_FAILED = "challenge_failed"
    CHARGEBACK = "chargeback"

"""The words for verdicts, rungs and outcomes."""

from app.ladder import (
    DEADLINE_SPENT,
    FEATURES_AGEING,
    FEATURES_STALE,
    HISTORIES_LATE,
    HISTORIES_UNREADABLE,
    NO_MODEL,
    NO_WATERMARK,
    SCORER_FAILED,
)
from domain.decision import Outcome, Rung, Verdict

VERDICTS = {
    Verdict.APPROVE: "approved",
    Verdict.REVIEW: "review",
    Verdict.CHALLENGE: "challenged",
    Verdict.DECLINE: "declined",
}
RUNGS = {
    Rung.R0: "full model on fresh features",
    Rung.R1: "full model on ageing features",
    Rung.R2: "the request's own data only",
    Rung.R3: "the default policy by amount",
}
RUNG_REASONS = {
    DEADLINE_SPENT: "no time was left for more",
    NO_MODEL: "no model was loaded",
    HISTORIES_LATE: "the histories came too late",
    HISTORIES_UNREADABLE: "the histories could not be read",
    NO_WATERMARK: "nothing told how old the features were",
    FEATURES_STALE: "the features were older than a minute",
    FEATURES_AGEING: "the features were older than two seconds",
    SCORER_FAILED: "the model failed on this payment",
}
OUTCOMES = {
    Outcome.CAPTURED: "captured",
    Outcome.FAILED: "refused by the issuer",
    Outcome.REFUNDED: "refunded",
    Outcome.CHALLENGE_PASSED: "challenge passed",
    Outcome.CHALLENGE_FAILED: "challenge failed",
    Outcome.CHARGEBACK: "charged back",
}


def footing(rung: Rung, reason: str | None) -> str:
    """ "R1: full model on ageing features, because the features were older than two seconds"."""
    text = f"{rung}: {RUNGS[rung]}"
    if reason is None:
        return text
    return f"{text}, because {RUNG_REASONS.get(reason, reason.replace('_', ' '))}"

"""What was found of one feature or of the score."""

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.drift.reference import SCORE

NAMED = 3


@dataclass(frozen=True, kw_only=True)
class DriftFinding:
    """Distances of one subject's new values to the training window; shares are between 0 and 1."""

    subject: str  # a feature's name, or "score"
    psi: float | None  # None where the distribution was not judged
    ks: float | None
    missing_rise: float  # share missing now less share missing then
    out_of_range: float  # of the known values
    rows: int
    alarm: str | None = None  # what is wrong in plain words


def alarmed(findings: Sequence[DriftFinding]) -> str | None:
    """Why a new candidate is called for, in one sentence; None when nothing is wrong."""
    wrong = [finding for finding in findings if finding.alarm]
    if not wrong:
        return None
    wrong.sort(key=lambda finding: (finding.subject != SCORE, -(finding.psi or 0.0)))
    told = "; ".join(f"{finding.subject.replace('_', ' ')}: {finding.alarm}" for finding in wrong[:NAMED])
    more = f"; and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
    return f"Payments are no longer what the model was trained on: {told}{more}."

"""Whether payments, or what a model says of them, have become others than those it was trained on."""

from scoring.drift.comparison import check
from scoring.drift.drift_checks import record
from scoring.drift.finding import DriftFinding, alarmed
from scoring.drift.newest import Newest, newest
from scoring.drift.reference import REFERENCE_FILE, DriftRefused, reference_of

__all__ = [
    "REFERENCE_FILE",
    "DriftFinding",
    "DriftRefused",
    "Newest",
    "alarmed",
    "check",
    "newest",
    "record",
    "reference_of",
]

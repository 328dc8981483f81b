"""What a decision turned out to be, by what is known of it now."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from domain.decision import Outcome

MATURITY_DAYS = 90  # nearly every chargeback has come by then; no later one is taken


class Label(StrEnum):
    FRAUD = "fraud"
    GOOD = "good"
    UNKNOWN = "unknown"


class AnalystLabel(Struct, frozen=True, kw_only=True):
    """An analyst's word on a decision; of several the newest holds. UNKNOWN says that nobody can tell, or
    takes an earlier word back: then there is none."""

    label_id: str
    decision_id: str
    label: Label
    labelled_by: str
    why: str = ""
    labelled_at_ms: int


def label_of(
    outcomes: Iterable[Outcome],
    labels: Iterable[AnalystLabel],
    decided_at_ms: int,
    now_ms: int,
    maturity_ms: int,
) -> Label:
    """A chargeback stands above the newest word of an analyst, and that above the silence of time.

    A payment that was captured and not charged back for `maturity_ms` is good. One that was never captured
    stays unknown: nobody can charge back what was not paid.
    """
    told = set(outcomes)
    if Outcome.CHARGEBACK in told:
        return Label.FRAUD
    newest = max(labels, key=lambda label: (label.labelled_at_ms, label.label_id), default=None)
    if newest and newest.label is not Label.UNKNOWN:
        return newest.label
    if Outcome.CAPTURED in told and now_ms - decided_at_ms >= maturity_ms:
        return Label.GOOD
    return Label.UNKNOWN

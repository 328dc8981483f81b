import pytest

from domain.decision import Outcome
from domain.labels import AnalystLabel, Label, label_of

DECIDED_MS, MATURITY_MS = 1_000, 500
MATURE_MS = DECIDED_MS + MATURITY_MS
CAPTURED, CHARGEBACK, REFUNDED, FAILED = (
    Outcome.CAPTURED, Outcome.CHARGEBACK, Outcome.REFUNDED, Outcome.FAILED,
)  # fmt: skip


def said(label: Label, at_ms: int = 0, label_id: str = "lbl_a") -> AnalystLabel:
    return AnalystLabel(
        label_id=label_id, decision_id="dec_a", label=label, labelled_by="key_a", labelled_at_ms=at_ms
    )


FRAUD, GOOD = said(Label.FRAUD), said(Label.GOOD)


@pytest.mark.parametrize(
    ("outcomes", "labels", "now_ms", "expected"),
    [
        ([], [], MATURE_MS, Label.UNKNOWN),
        ([CAPTURED], [], MATURE_MS - 1, Label.UNKNOWN),
        ([CAPTURED], [], MATURE_MS, Label.GOOD),
        ([CAPTURED, REFUNDED], [], MATURE_MS, Label.GOOD),
        ([FAILED], [], MATURE_MS, Label.UNKNOWN),
        ([CAPTURED], [FRAUD], MATURE_MS, Label.FRAUD),
        ([], [GOOD], DECIDED_MS, Label.GOOD),
        ([CAPTURED, CHARGEBACK], [], DECIDED_MS, Label.FRAUD),
        ([CHARGEBACK], [GOOD], MATURE_MS, Label.FRAUD),
        ([], [said(Label.FRAUD, 1), said(Label.GOOD, 2)], MATURE_MS, Label.GOOD),
        ([], [said(Label.GOOD, 2), said(Label.FRAUD, 1)], MATURE_MS, Label.GOOD),
        ([], [said(Label.GOOD, 1, "lbl_b"), said(Label.FRAUD, 1, "lbl_a")], MATURE_MS, Label.GOOD),
        ([], [said(Label.FRAUD, 1), said(Label.UNKNOWN, 2)], MATURE_MS, Label.UNKNOWN),
        ([CAPTURED], [said(Label.FRAUD, 1), said(Label.UNKNOWN, 2)], MATURE_MS - 1, Label.UNKNOWN),
        ([CAPTURED], [said(Label.FRAUD, 1), said(Label.UNKNOWN, 2)], MATURE_MS, Label.GOOD),
        ([CHARGEBACK], [said(Label.UNKNOWN)], MATURE_MS, Label.FRAUD),
        ([], [said(Label.UNKNOWN, 1), said(Label.GOOD, 2)], MATURE_MS, Label.GOOD),
    ],
)
def test_a_chargeback_stands_above_analysts_and_they_above_time(
    outcomes: list[Outcome], labels: list[AnalystLabel], now_ms: int, expected: Label
) -> None:
    assert label_of(outcomes, labels, DECIDED_MS, now_ms, MATURITY_MS) is expected

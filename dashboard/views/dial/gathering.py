"""Rows of the ledger as the arrays that a setting is tried on."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from app.assessment import with_points
from domain.decision import Outcome, Verdict
from domain.labels import AnalystLabel, Label, label_of
from domain.rules import Action
from scoring.dial.chances import Known, chances_of
from scoring.dial.past import MOVED, Past, past_of
from scoring.money import MILDEST_FIRST

Row = dict[str, Any]
NO_MODEL = "decided without a model"
NOT_PAID = "refused by the issuer"
_PLACE = {verdict: place for place, verdict in enumerate(MILDEST_FIRST)}
_LABEL = {Label.FRAUD: 1, Label.GOOD: 0, Label.UNKNOWN: -1}


class _Payment(NamedTuple):
    row: Row
    weight: float
    label: int
    outcomes: set[Outcome]


def gathered(
    spoken_of: Sequence[Row], approved: Sequence[Row], *, one_in: float, now_ms: int, maturity_ms: int
) -> tuple[Past | None, dict[str, int]]:
    """The past, None of no payment, and how many were left out by reason."""
    left_out: Counter[str] = Counter()
    payments = list(_payments(spoken_of, 1.0, now_ms, maturity_ms, left_out))
    payments += [
        payment
        for payment in _payments(approved, one_in, now_ms, maturity_ms, left_out)
        if Outcome.CHARGEBACK not in payment.outcomes  # those are among the others
    ]
    if not payments:
        return None, dict(left_out)
    rows = [payment.row for payment in payments]
    decided_ms = np.array([row["decided_ms"] for row in rows], np.int64)
    labels = np.array([payment.label for payment in payments], np.int64)
    past = past_of(
        probabilities=np.array([_moved(row) for row in rows], np.float64),
        chances=chances_of(_known(payments, labels, (now_ms - decided_ms) / maturity_ms)),
        amounts_minor=np.array([row["amount_minor"] for row in rows], np.int64),
        weights=np.array([payment.weight for payment in payments], np.float64),
        decided_ms=decided_ms,
        groups=np.array([row["rider"] for row in rows], np.int64),
        fixed=np.array([_fixed(row) for row in rows], np.int64),
        labels=labels,
        until_ms=now_ms,
    )
    return past, dict(left_out)


def _payments(
    rows: Iterable[Row], weight: float, now_ms: int, maturity_ms: int, left_out: Counter[str]
) -> Iterable[_Payment]:
    for row in rows:
        outcomes = {Outcome(told) for told in row["outcomes"]}
        if row["probability"] is None:
            left_out[NO_MODEL] += round(weight)
        elif Outcome.FAILED in outcomes and Outcome.CAPTURED not in outcomes:
            left_out[NOT_PAID] += round(weight)
        else:
            label = label_of(outcomes, _words(row), row["decided_ms"], now_ms, maturity_ms)
            yield _Payment(row, weight, _LABEL[label], outcomes)


def _words(row: Row) -> list[AnalystLabel]:
    if not row["label"]:
        return []
    word = AnalystLabel(
        label_id="newest", decision_id="", label=Label(row["label"]), labelled_by="", labelled_at_ms=0
    )
    return [word]


def _known(payments: Sequence[_Payment], labels: Any, age_share: Any) -> Known:
    def told(outcome: Outcome) -> Any:
        return np.array([outcome in payment.outcomes for payment in payments])

    propensities = [payment.row["propensity"] if payment.row["drawn"] else np.nan for payment in payments]
    return Known(
        probabilities=np.array([payment.row["probability"] for payment in payments], np.float64),
        label=labels,
        captured=told(Outcome.CAPTURED),
        silent_share=np.clip(age_share, 0.0, 1.0),
        passed_challenge=told(Outcome.CHALLENGE_PASSED),
        failed_challenge=told(Outcome.CHALLENGE_FAILED),
        propensity=np.array(propensities, np.float64),
    )


def _moved(row: Row) -> float:
    """As thresholds saw it, with the points of the rules that acted."""
    points = sum(hit["points"] or 0 for hit in row["rules"] or () if hit["acted"])
    return with_points(row["probability"], points)


def _fixed(row: Row) -> int:
    """A verdict that a list or a rule gave, and no threshold."""
    if row["by_list"]:
        return _PLACE[Verdict(row["verdict"])]
    for hit in row["rules"] or ():
        if hit["acted"] and hit["action"] != Action.ADD_SCORE:
            return _PLACE[Verdict(hit["action"])]
    return MOVED

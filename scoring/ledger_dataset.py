"""Labelled payments out of the ledger: vectors as they were served, with what has become known of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import dict_row

from domain.catalogue import FEATURE_NAMES
from domain.decision import Outcome, Verdict
from domain.events import from_ms
from domain.labels import AnalystLabel, Label, label_of
from scoring.dataset import PRESUMED, Dataset, Rows, Strings
from scoring.queries import queries_of
from scoring.weights import WEIGHT_MAX, effective_size, weights_of

__all__ = ["WEIGHT_MAX", "LedgerRows", "effective_size", "read_ledger"]

VECTOR_BYTES = 4 * len(FEATURE_NAMES)
Row = dict[str, Any]
query = queries_of(__file__)


@dataclass(frozen=True, kw_only=True)
class LedgerRows:
    """Labelled rows with a vector, and beside each what the system answered when it was served."""

    dataset: Dataset
    probabilities: NDArray[np.float64]  # NaN where no model scored
    verdicts: Strings
    versions: Strings  # of the model that decided; empty where none did
    decision_ids: Strings
    set_aside: dict[str, int]  # plain reason -> payments (or labels) left out for it

    def __len__(self) -> int:
        return len(self.dataset)

    def take(self, rows: Rows) -> "LedgerRows":
        """As Dataset.take; what was set aside stays told."""
        return LedgerRows(
            dataset=self.dataset.take(rows),
            probabilities=self.probabilities[rows],
            verdicts=self.verdicts[rows],
            versions=self.versions[rows],
            decision_ids=self.decision_ids[rows],
            set_aside=self.set_aside,
        )


def read_ledger(
    connection: psycopg.Connection[Any],
    *,
    since_ms: int,
    until_ms: int,
    now_ms: int,
    maturity_ms: int,
    presuming: bool = False,
) -> LedgerRows:
    """Payments decided from the first instant on and before the second, with what was known at `now_ms`.

    Payments of sandbox keys are no part of it. A payment that was let through by lot counts for those stopped
    in its stead, within WEIGHT_MAX. Nothing is claimed of payments outside that lottery: they stay unlabelled
    unless somebody knows. When `presuming`, a captured payment that nobody has spoken of yet is given as
    good, with the source PRESUMED: something to teach with, never to judge by.
    """
    period = {"since": from_ms(since_ms), "until": from_ms(until_ms), "now": from_ms(now_ms)}
    with connection.cursor(binary=True, row_factory=dict_row) as cursor:
        found = cursor.execute(query("ledger_rows"), period).fetchall()
    set_aside: Counter[str] = Counter()
    kept: list[tuple[Row, Label, str, int]] = []
    for row in found:
        label, source, labelled_ms = _label_of(row, now_ms, maturity_ms)
        if presuming and label is Label.UNKNOWN and Outcome.CAPTURED in (row["outcomes"] or ()):
            label, source, labelled_ms = Label.GOOD, PRESUMED, now_ms
        if reason := _why_not(row, label, labelled_ms, now_ms):
            set_aside[reason] += 1
            continue
        kept.append((row, label, source, labelled_ms))
        if row["words"] > 1:
            set_aside["duplicate label, the newest holds"] += row["words"] - 1
    return _gathered(kept, dict(set_aside))


def _label_of(row: Row, now_ms: int, maturity_ms: int) -> tuple[Label, str, int]:
    """The truth about a payment, who told it, and when it became known."""
    outcomes = [Outcome(told) for told in row["outcomes"] or ()]
    words = [_word(row)] if row["label"] else []
    label = label_of(outcomes, words, row["decided_ms"], now_ms, maturity_ms)
    if Outcome.CHARGEBACK in outcomes:
        return label, "chargeback", row["charged_back_ms"]
    if words:
        return label, f"analyst:{row['labelled_by']}", row["labelled_ms"]
    return label, "maturity", row["decided_ms"] + maturity_ms


def _word(row: Row) -> AnalystLabel:
    return AnalystLabel(
        label_id="newest",
        decision_id=row["decision_id"],
        label=Label(row["label"]),
        labelled_by=row["labelled_by"],
        labelled_at_ms=row["labelled_ms"],
    )


def _why_not(row: Row, label: Label, labelled_ms: int, now_ms: int) -> str | None:
    if row["decided_ms"] > now_ms:
        return "decided in the future: look at the clocks"
    if row["vector"] is None:
        return "no vector"
    if len(row["vector"]) != VECTOR_BYTES:
        return "vector of other features"
    if label is Label.UNKNOWN:
        return _why_unknown(row)
    if labelled_ms < row["as_of_ms"]:
        return "label from before its decision: look at the clocks"
    if np.isinf(np.frombuffer(row["vector"], "<f4")).any():
        return "infinite values"
    return None


def _why_unknown(row: Row) -> str:
    passed = row["pass_through"]
    if not Verdict(row["verdict"]).stops_payment or (passed and passed["drawn"]):
        return "no label yet"
    return "stopped, not drawn" if passed else "stopped, outside the pass-through: no claim"


def _propensity(row: Row) -> float:
    passed = row["pass_through"]
    return float(passed["propensity"]) if passed and passed["drawn"] else 1.0


def _gathered(kept: Sequence[tuple[Row, Label, str, int]], set_aside: dict[str, int]) -> LedgerRows:
    rows = [row for row, *_ in kept]
    vectors = np.frombuffer(b"".join(row["vector"] for row in rows), "<f4").astype(np.float32)
    dataset = Dataset(
        vectors=vectors.reshape(len(rows), len(FEATURE_NAMES)),
        labels=np.array([label is Label.FRAUD for _, label, _, _ in kept], np.int8),
        as_of_ms=np.array([row["as_of_ms"] for row in rows], np.int64),
        amounts_minor=np.array([row["amount_minor"] for row in rows], np.int64),
        weights=weights_of(np.array([_propensity(row) for row in rows], np.float64)),
        transaction_ids=_strings(row["transaction_id"] for row in rows),
        user_ids=_strings(row["user_id"] for row in rows),
        card_ids=_strings(row["card_id"] for row in rows),
        kinds=np.full(len(rows), ""),
        sources=_strings(source for _, _, source, _ in kept),
        labelled_ms=np.array([labelled_ms for *_, labelled_ms in kept], np.int64),
    )
    return LedgerRows(
        dataset=dataset,
        probabilities=np.array(
            [np.nan if row["probability"] is None else row["probability"] for row in rows], np.float64
        ),
        verdicts=_strings(row["verdict"] for row in rows),
        versions=_strings(row["version"] for row in rows),
        decision_ids=_strings(row["decision_id"] for row in rows),
        set_aside=set_aside,
    )


def _strings(values: Any) -> Strings:
    return np.array(list(values), np.str_)

"""Live payments as they were served, with the truth that only the simulator knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import dict_row

from data_generator.truth import PaymentTruth
from domain.catalogue import FEATURE_NAMES
from scoring.dataset import Dataset
from scoring.queries import queries_of

query = queries_of(__file__)


@dataclass(frozen=True, kw_only=True)
class TrueRows:
    """`decided_ms` has an entry a row."""

    dataset: Dataset
    decided_ms: NDArray[np.int64]

    def before(self, at_ms: int) -> Dataset:
        return self.dataset.take(self.decided_ms < at_ms)

    def since(self, at_ms: int) -> Dataset:
        return self.dataset.take(self.decided_ms >= at_ms)


def true_rows(connection: psycopg.Connection[Any], truths: Sequence[PaymentTruth]) -> TrueRows:
    """Payments that the record does not know are left out: their truth is still on its way."""
    behind = {truth.transaction_id: truth.fraud or "" for truth in truths}
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query("scored_payments")).fetchall()
    rows = [row for row in found if row["transaction_id"] in behind]
    decided_ms = np.array([row["decided_ms"] for row in rows], np.int64)
    return TrueRows(dataset=_dataset(rows, behind), decided_ms=decided_ms)


def _dataset(rows: Sequence[Mapping[str, Any]], behind: Mapping[str, str]) -> Dataset:
    kinds = np.array([behind[row["transaction_id"]] for row in rows], np.str_)
    vectors = np.frombuffer(b"".join(row["vector"] for row in rows), "<f4").astype(np.float32)
    as_of_ms = np.array([row["as_of_ms"] for row in rows], np.int64)
    return Dataset(
        vectors=vectors.reshape(len(rows), len(FEATURE_NAMES)),
        labels=(kinds != "").astype(np.int8),
        as_of_ms=as_of_ms,
        amounts_minor=np.array([row["amount_minor"] for row in rows], np.int64),
        weights=np.ones(len(rows), np.float32),
        transaction_ids=np.array([row["transaction_id"] for row in rows], np.str_),
        user_ids=np.array([row["user_id"] for row in rows], np.str_),
        card_ids=np.array([row["card_id"] for row in rows], np.str_),
        kinds=kinds,
        sources=np.full(len(rows), "truth"),
        labelled_ms=as_of_ms,
    )

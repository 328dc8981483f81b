"""Datasets for tests: payments whose risk rises with some features, every column in its place."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from domain.catalogue import FEATURE_NAMES, FEATURES
from scoring.dataset import Dataset

START_MS = 1_700_000_000_000
STEP_MS = 10_000
KINDS = ("stolen_card_burst", "card_testing")
TELLING = [i for i, feature in enumerate(FEATURES) if feature.risk][:8]


def a_dataset(rows: int = 400, *, seed: int = 1, fraud_share: float = 0.1, **columns: Any) -> Dataset:
    """Payments 10 s apart; columns given replace those made up."""
    random = np.random.default_rng(seed)
    vectors = np.floor(random.gamma(1.2, 3, (rows, len(FEATURES)))).astype(np.float32)
    risk = vectors[:, TELLING] @ np.array([FEATURES[i].risk for i in TELLING]) + random.normal(0, 3, rows)
    labels = (risk >= np.quantile(risk, 1 - fraud_share)).astype(np.int8)
    labels = columns.get("labels", labels)
    as_of_ms = columns.get("as_of_ms", START_MS + STEP_MS * np.arange(rows))
    made: dict[str, Any] = {
        "vectors": vectors,
        "labels": labels,
        "as_of_ms": as_of_ms,
        "amounts_minor": random.integers(300, 9_000, rows),
        "weights": np.ones(rows, np.float32),
        "transaction_ids": np.array([f"txn_{i:06d}" for i in range(rows)]),
        "user_ids": np.array([f"usr_{i}" for i in random.integers(0, max(1, rows // 4), rows)]),
        "card_ids": np.array([f"card_{i}" for i in random.integers(0, max(1, rows // 4), rows)]),
        "kinds": np.where(labels == 1, random.choice(KINDS, rows), ""),
        "sources": np.full(rows, "truth"),
        "labelled_ms": as_of_ms,
    }
    return Dataset(**(made | columns))


def write_training_set(rows: Dataset, file: Path) -> Path:
    """The Parquet file that `scoring.dataset.read` reads; the folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    columns: dict[str, Any] = {name: rows.vectors[:, i] for i, name in enumerate(FEATURE_NAMES)}
    columns |= {
        "transaction_id": rows.transaction_ids.tolist(),
        "as_of_ms": rows.as_of_ms,
        "amount_minor": rows.amounts_minor,
        "label": rows.labels,
        "user_id": rows.user_ids.tolist(),
        "card_id": rows.card_ids.tolist(),
        "kind": rows.kinds.tolist(),
    }
    pq.write_table(pa.table(columns), file)
    return file

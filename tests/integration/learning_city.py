"""A ledger with an attack that the champion never saw, its past, and what becomes known of its payments."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from domain.catalogue import FEATURE_NAMES, FEATURES
from domain.events import from_ms

RISING = [i for i, feature in enumerate(FEATURES) if feature.risk == 1]
FREE = [i for i, feature in enumerate(FEATURES) if feature.risk == 0]
OLD_ATTACK, NEW_ATTACK = RISING[:4], FREE[:4]
MATURITY_MS = 60_000
_DECISION = """
insert into decisions (
    decision_id, decided_at, tenant, idempotency_key, fingerprint, transaction_id, as_of_ms,
    user_id, card_id, device_id, driver_id, ride_id, amount_minor, currency, pickup_zone, dropoff_zone,
    verdict, score, probability, rung, model_version,
    rulebook_version, lists_version, policy_version, vector, evidence, rules, request, reply, reasons,
    latency_us
) values (
    %(id)s, %(at)s, 'local', %(id)s, '', %(id)s, %(as_of_ms)s,
    %(user)s, %(card)s, 'dev_a', 'drv_a', 'ride_a', 2000, 'USD', 'zone_a', 'zone_b',
    %(verdict)s, 3, %(probability)s, 'R0', %(version)s,
    0, 0, 'test', %(vector)s, %(evidence)s, '[]', '', '', '[]', 2000
)
"""
_OUTCOME = """
insert into outcomes
    (outcome_id, transaction_id, decision_id, decided_at, outcome, occurred_at, recorded_at, amount_minor)
values (%(outcome_id)s, %(id)s, %(id)s, %(at)s, %(outcome)s, %(at)s, %(known)s, 2000)
"""


def payments(honest: int, old: int, new: int, *, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Vectors in random order, and which are fraud; each attack is high in four features of its own."""
    random = np.random.default_rng(seed)
    vectors = np.floor(random.gamma(1.2, 3, (honest + old + new, len(FEATURES)))).astype(np.float32)
    vectors[np.ix_(range(honest, honest + old), OLD_ATTACK)] += 9
    vectors[np.ix_(range(honest + old, len(vectors)), NEW_ATTACK)] += 9
    labels = (np.arange(len(vectors)) >= honest).astype(np.int8)
    order = random.permutation(len(vectors))
    return vectors[order], labels[order]


def write_past(parquet: Path, *, rows: int = 3_000, frauds: int = 150) -> Path:
    vectors, labels = payments(rows - frauds, frauds, 0, seed=1)
    columns: dict[str, Any] = {name: vectors[:, i] for i, name in enumerate(FEATURE_NAMES)}
    ids = np.arange(rows)
    columns |= {
        "transaction_id": [f"txn_{i:06d}" for i in ids],
        "as_of_ms": 1_700_000_000_000 + 10_000 * ids,
        "amount_minor": np.full(rows, 2_000),
        "label": labels,
        "user_id": [f"usr_{i}" for i in ids],
        "card_id": [f"card_{i}" for i in ids],
        "kind": np.where(labels == 1, "old_attack", ""),
    }
    pq.write_table(pa.table(columns), parquet)
    return parquet


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """`connection` is the owner's."""

    connection: psycopg.Connection[Any]

    def add(
        self,
        vectors: NDArray[np.float32],
        labels: NDArray[np.int8],
        *,
        from_ms_: int,
        until_ms: int,
        probabilities: NDArray[np.float64] | None = None,
        version: str | None = None,
        name: str = "a",
        told: bool = True,
    ) -> list[str]:
        """Payments at equal steps of time, all approved; with `told`, captured and frauds charged back."""
        times = np.linspace(from_ms_, until_ms - 1, len(labels)).astype(np.int64)
        scores = np.full(len(labels), 0.01) if probabilities is None else probabilities
        rows: list[dict[str, Any]] = [
            {
                "id": f"dec_{name}{i:06d}",
                "at": from_ms(int(times[i])),
                "as_of_ms": int(times[i]),
                "user": f"usr_{name}{i}",
                "card": f"card_{name}{i}",
                "verdict": "approve",
                "probability": float(scores[i]),
                "version": version,
                "vector": vectors[i].tobytes(),
                "evidence": Jsonb({}),
            }
            for i in range(len(labels))
        ]
        with self.connection.cursor() as cursor:
            cursor.executemany(_DECISION, rows)
        if told:
            self.tell("captured", rows)
            self.tell("chargeback", [row for row, label in zip(rows, labels, strict=True) if label])
        return [row["id"] for row in rows]

    def tell(self, outcome: str, rows: list[dict[str, Any]]) -> None:
        told = [
            row | {"outcome": outcome, "outcome_id": f"{outcome}_{row['id']}", "known": row["at"]}
            for row in rows
        ]
        with self.connection.cursor() as cursor:
            cursor.executemany(_OUTCOME, told)

    def shadow_scores(
        self, version: str, ids: list[str], probability: float, verdict: str = "approve"
    ) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "insert into shadow_scores (decision_id, model_version, probability, verdict)"
                " values (%s, %s, %s, %s)",
                [(decision_id, version, probability, verdict) for decision_id in ids],
            )

    def one(self, statement: str) -> Any:
        row = self.connection.execute(statement.encode()).fetchone()
        return row[0] if row else None

"""How far the learner is, read from its rounds and moves while it works."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row, scalar_row

from deploy.bench.benchmark import Tell
from scoring.queries import queries_of

query = queries_of(__file__)


@dataclass(frozen=True, kw_only=True)
class Promoted:
    """The model, and from when on it decides."""

    version: str
    active_from_ms: int


class Progress:
    def __init__(self, connection: psycopg.Connection[Any], tell: Tell) -> None:
        self._connection = connection
        self._tell = tell
        self._told = 0

    def tell_rounds(self) -> None:
        """Every round that ended since the last call."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            for row in cursor.execute(query("rounds"), {"after": self._told}).fetchall():
                self._told = row["round_id"]
                self._tell(
                    f"round {row['round_id']}: {row['verdict']} ({row['labels']} labels, "
                    f"{row['compute_s']:.1f} s): {row['why']}"
                )

    def promoted(self) -> Promoted | None:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(query("promotion")).fetchone()
        return Promoted(**row) if row else None

    def first_champion(self) -> str:
        return str(self._one("first_champion"))

    def first_decision_ms(self, promoted: Promoted) -> int | None:
        since = datetime.fromtimestamp(promoted.active_from_ms / 1000, UTC)
        found: int | None = self._one("first_decision", version=promoted.version, since=since)
        return found

    def known_ms(self, transactions: list[str]) -> int | None:
        """When the first of these was known as fraud."""
        found: int | None = self._one("known_attack", transactions=transactions)
        return found

    def compute_s(self, until_ms: int) -> float:
        return float(self._one("compute", until=datetime.fromtimestamp(until_ms / 1000, UTC)))

    def _one(self, name: str, **values: object) -> Any:
        with self._connection.cursor(row_factory=scalar_row) as cursor:
            return cursor.execute(query(name), values).fetchone()

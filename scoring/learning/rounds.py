"""What the learner did: a row a round, and what earlier rounds tell the next one."""

import resource
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from msgspec import Struct, convert
from psycopg.rows import dict_row, scalar_row
from psycopg.types.json import Jsonb

from scoring.queries import queries_of

query = queries_of(__file__)
Connection = psycopg.Connection[Any]


@dataclass(frozen=True, kw_only=True)
class Round:
    """`verdict` is idle, refused, rejected, shadow, canary, promoted or rolled_back; `why` is for people."""

    trigger: str = "time"
    labels: int = 0
    verdict: str
    why: str
    candidate: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


class NewestRound(Struct, frozen=True, kw_only=True):
    """`looked_until_ms` is None where no round came so far."""

    ended_ms: int
    looked_until_ms: int | None


class NewestTraining(Struct, frozen=True, kw_only=True):
    """`frauds_matured` were known then; `since_offline` counts trainings since one from nothing."""

    ended_ms: int
    frauds_matured: int
    since_offline: int


class Rounds:
    """Over the learner's own connection, which commits by itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def now_ms(self) -> int:
        """By the database's clock, which decisions and labels are stamped with too."""
        return int(self._number("now", {}) or 0)

    def take_turn(self) -> bool:
        """False while another learner is in a round; the turn ends with the connection."""
        with self._connection.cursor(row_factory=scalar_row) as cursor:
            return bool(cursor.execute(query("take_turn")).fetchone())

    def add(self, done: Round, began_ms: int) -> None:
        """With the processor time, in seconds, that this process and those it started have used."""
        row = {
            "began_ms": began_ms,
            "trigger": done.trigger,
            "labels": done.labels,
            "verdict": done.verdict,
            "why": done.why,
            "candidate": done.candidate,
            "compute_s": compute_s(),
            "details": Jsonb(dict(done.details)),
        }
        self._connection.execute(query("add_round"), row)

    def newest(self) -> NewestRound | None:
        row = self._row("newest_round", {})
        return convert(row, NewestRound) if row else None

    def newest_training(self) -> NewestTraining | None:
        row = self._row("newest_training", {})
        return convert(row, NewestTraining) if row else None

    def clock_jumps_ms(self, maturity_ms: int) -> int:
        return int(self._number("clock_jumps", {"maturity_ms": maturity_ms}) or 0)

    def refusals_of(self, version: str) -> int:
        return int(self._number("refusals_of", {"version": version}) or 0)

    def _row(self, name: str, values: Mapping[str, object]) -> dict[str, Any] | None:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query(name), values).fetchone()

    def _number(self, name: str, values: Mapping[str, object]) -> Any:
        with self._connection.cursor(row_factory=scalar_row) as cursor:
            return cursor.execute(query(name), values).fetchone()


def compute_s() -> float:
    """Processor time of this process so far, and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)

"""Copies of the samples, COPYed into the ledger day by day, evenly over the last months."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg
from psycopg import sql

from app.decision_id import new_decision_id
from app.ledger_row import Row
from app.letters import in_letters
from app.queries import queries_of
from deploy.bench.ledger.samples import AT_MS, MARKS, samples
from domain.decision import Verdict
from domain.display import DAY_MS
from domain.events import from_ms

DAYS = 90
RIDERS = 60_000
KINDS = 300
TELL_EVERY = 10  # days
LEFT_OUT = (
    "seq",
    "pulse",
    "topic",
    "event",
    "requested_at_ms",
    "pickup_lat",
    "pickup_lon",
    "distance_m",
    "promo_id",
)


class Plan:
    """`decisions` in all, of which `alerts` stopped or questioned a payment."""

    def __init__(self, decisions: int, alerts: int, seed: int = 11) -> None:
        self._rng = Random(seed)
        self.decisions = decisions
        self._alerting = frozenset(self._rng.sample(range(decisions), alerts))
        approved = samples((Verdict.APPROVE,), KINDS, seed)
        stopped = samples((Verdict.REVIEW, Verdict.CHALLENGE, Verdict.DECLINE), KINDS, seed + 1)
        self.columns = [name for name in approved[0] if name not in LEFT_OUT]
        self._approved = [_line(row, self.columns) for row in approved]
        self._stopped = [_line(row, self.columns) for row in stopped]
        self._step_ms = DAYS * DAY_MS / decisions

    def lines(self, numbers: Iterable[int], began_ms: int) -> Iterator[str]:
        for number in numbers:
            kinds = self._stopped if number in self._alerting else self._approved
            yield self._copy(kinds[self._rng.randrange(KINDS)], began_ms + round(number * self._step_ms))

    def _copy(self, line: str, at_ms: int) -> str:
        rider = in_letters(f"{self._rng.randrange(RIDERS):06x}")
        written = from_ms(at_ms).isoformat().replace("+00:00", "Z")
        return (
            line.replace(MARKS.decision_id, new_decision_id(at_ms))
            .replace(MARKS.transaction_id, f"txn_{in_letters(secrets.token_hex(10))}")
            .replace(MARKS.user_id, f"usr_{rider}")
            .replace(MARKS.card_id, f"card_{rider}")
            .replace(MARKS.device_id, f"dev_{rider}")
            .replace(MARKS.ride_id, f"ride_{in_letters(secrets.token_hex(8))}")
            .replace(_WRITTEN, written)
            .replace(str(AT_MS), str(at_ms))
        )


query = queries_of(__file__)
_WRITTEN = from_ms(AT_MS).isoformat().replace("+00:00", "Z")


def fill(owner: psycopg.Connection, plan: Plan, on_progress: Callable[[int], None]) -> None:
    """A transaction a day, as the owner; the newest decision is of now."""
    began = datetime.now(UTC) - timedelta(days=DAYS)
    owner.execute(query("make_partitions"), {"first_day": began.date(), "days": DAYS + 2})
    statement = sql.SQL("copy decisions ({}) from stdin").format(
        sql.SQL(", ").join(map(sql.Identifier, plan.columns))
    )
    a_day = -(-plan.decisions // DAYS)
    for first in range(0, plan.decisions, a_day):
        numbers = range(first, min(first + a_day, plan.decisions))
        with owner.cursor().copy(statement) as copy:
            for line in plan.lines(numbers, round(began.timestamp() * 1000)):
                copy.write(line)
        if numbers.stop % (TELL_EVERY * a_day) == 0 or numbers.stop == plan.decisions:
            on_progress(numbers.stop)
    owner.execute("analyze")


def _line(row: Row, columns: list[str]) -> str:
    return "\t".join(_text(name, row[name]) for name in columns) + "\n"


def _text(name: str, value: object) -> str:
    """As COPY reads it; request and reply stay readable, so that ids in them can be replaced."""
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return value.decode() if name in ("request", "reply") else f"\\\\x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value)

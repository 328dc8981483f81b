"""The ledger's decisions for parity, read as the role faregate_learner."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from msgspec import Struct, json, structs
from psycopg.rows import dict_row

from app.requests import TransactionRequest
from deploy.parity.comparison import Difference
from deploy.parity.decisions import Read, RecordedDecision
from deploy.parity.queries import query
from deploy.parity.rebuilding import Anchor
from domain.catalogue import FEATURES
from domain.decision import Verdict
from domain.events import PaymentDecided
from domain.online_store import VIEW_OF_KIND
from domain.transaction import Transaction
from domain.vector import as_attempt

NO_VECTOR = "no vector"
OTHER_CATALOGUE = "another catalogue"
NO_POSITIONS = "no positions"
PULSE_UNKNOWN = "pulse unknown"
IN_FLIGHT_UNKNOWN = "payment in flight unknown"
VECTOR_BYTES = 4 * len(FEATURES)

Row = dict[str, Any]


class Unrepeatable(Struct, frozen=True, kw_only=True):
    """A decision that the ledger does not tell enough of."""

    decision_id: str
    why: str


class Check(Struct, frozen=True, kw_only=True):
    decisions: int
    as_known: int
    with_hindsight: int
    first_difference: Difference | None = None


class ParityLedger:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def count(self, since: datetime, until: datetime) -> int:
        (row,) = self._rows("count_in_period", since=since, until=until)
        return int(row["decisions"])

    def pages(
        self, since: datetime, until: datetime, size: int
    ) -> Iterator[list[RecordedDecision | Unrepeatable]]:
        """All decisions of the period in the order of time, `size` at a time."""
        place: dict[str, Any] = {"after_time": datetime.min.replace(tzinfo=UTC), "after_id": ""}
        while rows := self._rows("decisions_in_period", since=since, until=until, most=size, **place):
            yield self._complete(rows)
            place = {"after_time": rows[-1]["decided_at"], "after_id": rows[-1]["decision_id"]}

    def sample(
        self, *, oldest: timedelta, youngest: timedelta, most: int, checked: Iterable[str]
    ) -> list[RecordedDecision | Unrepeatable]:
        rows = self._rows("sample", oldest=oldest, youngest=youngest, most=most, checked=list(checked))
        return self._complete(rows)

    def anchor(self, *, older_than: timedelta) -> Anchor | None:
        rows = self._rows("anchor", older_than=older_than)
        return Anchor(at_ms=rows[0]["at_ms"], zones=_zones(rows[0]["zones"])) if rows else None

    def record(self, check: Check) -> None:
        row = structs.asdict(check)
        row["first_difference"] = check.first_difference and json.encode(check.first_difference).decode()
        self._connection.execute(query("record_check"), row)

    def _complete(self, rows: Sequence[Row]) -> list[RecordedDecision | Unrepeatable]:
        pulses = self._pulses({row["pulse_id"] for row in rows if row["pulse_id"]})
        asked = self._payments({name for row in rows for name, _, _ in row["overlaid"] or ()})
        return [_decision(row, pulses, asked) for row in rows]

    def _pulses(self, ids: Iterable[str]) -> dict[str, dict[str, Read]]:
        return {row["pulse_id"]: _zones(row["zones"]) for row in self._rows("pulses", pulse_ids=list(ids))}

    def _payments(self, ids: Iterable[str]) -> dict[str, Transaction]:
        rows = self._rows("payments", transaction_ids=list(ids))
        return {row["transaction_id"]: _request(row).transaction() for row in rows}

    def _rows(self, name: str, **values: object) -> list[Row]:
        return self._connection.cursor(row_factory=dict_row).execute(query(name), values).fetchall()


def _decision(
    row: Row, pulses: dict[str, dict[str, Read]], payments: dict[str, Transaction]
) -> RecordedDecision | Unrepeatable:
    if why := _lacks(row, pulses, payments):
        return Unrepeatable(decision_id=row["decision_id"], why=why)
    return RecordedDecision(
        decision_id=row["decision_id"],
        transaction=_request(row).transaction(),
        as_of_ms=row["as_of_ms"],
        vector=row["vector"],
        reads=_reads(row),
        pulse_id=row["pulse_id"],
        pulse=pulses[row["pulse_id"]] if row["pulse_id"] else None,
        in_flight=tuple(
            _in_flight(payments[name], verdict, at_ms) for name, verdict, at_ms in row["overlaid"] or ()
        ),
    )


def _lacks(row: Row, pulses: dict[str, dict[str, Read]], payments: dict[str, Transaction]) -> str | None:
    if row["vector"] is None:
        return NO_VECTOR
    if len(row["vector"]) != VECTOR_BYTES:
        return OTHER_CATALOGUE
    if row["positions"] is None:
        return NO_POSITIONS
    if row["pulse_id"] and row["pulse_id"] not in pulses:
        return PULSE_UNKNOWN
    if any(name not in payments for name, _, _ in row["overlaid"] or ()):
        return IN_FLIGHT_UNKNOWN
    return None


def _reads(row: Row) -> dict[str, Read]:
    return {
        kind: Read(
            epoch=row[f"{kind}_epoch"],
            version=row[f"{kind}_version"],
            positions=row["positions"].get(kind, []),
        )
        for kind in VIEW_OF_KIND
        if row[f"{kind}_version"] is not None
    }


def _zones(told: dict[str, tuple[int, int, list[int]]]) -> dict[str, Read]:
    return {
        zone: Read(epoch=epoch, version=version, positions=positions)
        for zone, (epoch, version, positions) in told.items()
    }


def _in_flight(transaction: Transaction, verdict: str | None, at_ms: int) -> PaymentDecided:
    attempt = as_attempt(transaction, at_ms)
    return structs.replace(attempt, verdict=Verdict(verdict)) if verdict else attempt


def _request(row: Row) -> TransactionRequest:
    return json.decode(row["request"], type=TransactionRequest)

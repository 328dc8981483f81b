"""The decision ledger in PostgreSQL: rows are only added, each together with its event in the outbox."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import psycopg
from msgspec import Raw, convert, structs
from psycopg.rows import dict_row
from psycopg_pool import PoolTimeout

from app.decision_id import as_of_ms_in
from app.ledger_row import Row, decode_row, encode_row, row_of
from app.migrations import check_schema_async
from app.ports import Decision, KeyReused, LedgerUnavailable, Payment, TransactionChanged
from app.postgres import Pool
from app.prepared import Prepared
from app.queries import Numbered, query
from app.replies import DecisionRecord, RecordedOutcome
from app.time_limit import within
from domain.events import PaymentCorrected, PaymentOutcome, encode_event, from_ms
from domain.labels import AnalystLabel
from domain.topics import LABELS

LIMIT_S = 3.0
RECORD = Numbered(query("record_decision"))
P = ParamSpec("P")
Result = TypeVar("Result")
# A server that fell back to read-only says InternalError; all else of psycopg's would be a fault of ours.
_AWAY = (psycopg.OperationalError, psycopg.InternalError, PoolTimeout, TimeoutError)


def _limited(method: Callable[P, Coroutine[Any, Any, Result]]) -> Callable[P, Coroutine[Any, Any, Result]]:
    """Answer, or say that the ledger is away, in at most LIMIT_S seconds."""

    @wraps(method)
    async def limited(*args: P.args, **kwargs: P.kwargs) -> Result:
        try:
            return await within(LIMIT_S, method(*args, **kwargs))
        except _AWAY as error:
            raise LedgerUnavailable(f"the ledger does not answer: {error}") from error

    return limited


class PostgresLedger:
    """`ring` is called after each new event in the outbox; `records` asks RECORD at less cost than a pool."""

    def __init__(self, pool: Pool, ring: Callable[[], None], records: Prepared | None = None) -> None:
        self._pool = pool
        self._ring = ring
        self._records = records
        self._kept_pulse: str | None = None

    def row_of(self, decision: Decision) -> bytes:
        """Without the pulse if PostgreSQL has it: it is large, and thousands of decisions share it."""
        kept = decision.pulse is not None and decision.pulse.id == self._kept_pulse
        return encode_row(row_of(decision, with_pulse=not kept))

    @_limited
    async def insert(self, row: bytes) -> bytes:
        decision = decode_row(row)
        if not await self._kept(decision):
            async with self._pool.connection() as connection:
                return await _first_reply(connection.cursor(binary=True), decision)
        self._ring()
        reply: bytes = decision["reply"]
        return reply

    async def _kept(self, decision: Row) -> bool:
        """False if its key or its transaction was decided before."""
        knows_pulse = decision["pulse"] is None or decision["pulse"]["id"] == self._kept_pulse
        if knows_pulse and self._records is not None:
            return (await self._records.ask(decision)).ntuples == 1
        async with self._pool.connection() as connection:
            if knows_pulse:
                return await _record(connection, decision)
            return await self._record_with_pulse(connection, decision)

    async def _record_with_pulse(self, connection: psycopg.AsyncConnection, decision: Row) -> bool:
        """The first decision made with a pulse keeps what it was summed from, in its own transaction."""
        async with connection.transaction():
            await connection.execute(query("keep_pulse"), decision["pulse"])
            kept = await _record(connection, decision)
        self._kept_pulse = decision["pulse"]["id"]
        return kept

    @_limited
    async def recall(self, tenant: str, key: str) -> tuple[bytes, bytes] | None:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(query("recall"), {"tenant": tenant, "key": key})
            row = await cursor.fetchone()
        return None if row is None else (bytes(row[0]), bytes(row[1]))

    @_limited
    async def find(self, decision_id: str, tenant: str) -> DecisionRecord | None:
        as_of_ms = as_of_ms_in(decision_id)
        if as_of_ms is None:
            return None
        place = {"decision_id": decision_id, "tenant": tenant} | days_around(as_of_ms)
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(query("find_decision"), place)
            found = await cursor.fetchone()
            if found is None:
                return None
            transaction_id, request, reply = found
            outcomes = await _outcomes(connection, transaction_id)
        return DecisionRecord(reply=Raw(reply), request=Raw(request), outcomes=outcomes)

    @_limited
    async def payment(self, transaction_id: str, tenant: str) -> Payment | None:
        whose = {"transaction_id": transaction_id, "tenant": tenant}
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(query("find_payment"), whose)
            row = await cursor.fetchone()
        return None if row is None else convert(row, Payment)

    @_limited
    async def record_outcome(
        self, payment: Payment, event: PaymentOutcome, correction: PaymentCorrected | None = None
    ) -> None:
        row = structs.asdict(event) | {
            "outcome_id": event.id,
            "decision_id": payment.decision_id,
            "decided_at": payment.decided_at,
            "sandbox": payment.sandbox,
            "topic": LABELS.name,
            "event": encode_event(event),
            "correction": correction and encode_event(correction),
        }
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(query("one_outcome_at_a_time"), row)
            await connection.execute(query("record_outcome"), row)
        self._ring()

    @_limited
    async def record_label(self, label: AnalystLabel, tenant: str) -> bool:
        as_of_ms = as_of_ms_in(label.decision_id)
        if as_of_ms is None:
            return False
        row = structs.asdict(label) | {"tenant": tenant, "labelled_at": from_ms(label.labelled_at_ms)}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query("record_label"), row | days_around(as_of_ms))
            return await cursor.fetchone() is not None

    @_limited
    async def probe_schema(self) -> None:
        """Raises SchemaMismatch if the database was migrated under us."""
        async with self._pool.connection() as connection:
            await check_schema_async(connection)

    @_limited
    async def probe(self) -> None:
        """Write for real, then take it back; returns if that worked."""
        try:
            async with self._pool.connection() as connection, connection.transaction(force_rollback=True):
                await connection.execute(query("probe_write"))
        except psycopg.Error as error:
            raise LedgerUnavailable(f"the ledger cannot be written: {error}") from error


async def _record(connection: psycopg.AsyncConnection, decision: Row) -> bool:
    cursor = psycopg.AsyncRawCursor(connection)
    await cursor.execute(RECORD.sql, RECORD.arguments(decision), binary=True)
    return await cursor.fetchone() is not None


async def _first_reply(cursor: psycopg.AsyncCursor, decision: Row) -> bytes:
    """By another statement, which sees what the insert has just waited for."""
    transaction_id = decision["transaction_id"]
    if decision["seq"] is not None:
        await cursor.execute(query("remove_from_flight"), decision)
    await cursor.execute(query("stored_reply"), decision)
    stored = await cursor.fetchone()
    assert stored is not None, "a key outlives every try to insert it"  # noqa: S101 - both sides of the boundary
    same_tenant, same_key, fingerprint, reply = stored
    if fingerprint == decision["fingerprint"] and same_tenant:
        return bytes(reply)
    if same_key:
        raise KeyReused(f"the key of {transaction_id} was used for another body")
    raise TransactionChanged(f"{transaction_id} was decided with another body")


def days_around(as_of_ms: int) -> dict[str, datetime]:
    """When a decision of this instant was kept at the earliest and latest: its partition, and no other."""
    return {"earliest": from_ms(as_of_ms - 60_000), "latest": from_ms(as_of_ms + 3_600_000)}


async def _outcomes(connection: psycopg.AsyncConnection, transaction_id: str) -> list[RecordedOutcome]:
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(query("find_outcomes"), {"transaction_id": transaction_id})
    return [RecordedOutcome(**row) for row in await cursor.fetchall()]

"""The decision ledger in PostgreSQL: rows are only added, each together with its event in the outbox."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import psycopg
from msgspec import Raw, convert, json, structs
from psycopg.rows import dict_row
from psycopg_pool import PoolTimeout

from app.in_flight import overlaid
from app.migrations import check_schema_async
from app.ports import Decision, KnownPulse, LedgerUnavailable, Payment, TransactionChanged
from app.postgres import Pool
from app.queries import query
from app.replies import DecisionRecord, RecordedOutcome
from app.time_limit import within
from domain.events import PaymentCorrected, PaymentOutcome, encode_event
from domain.history import History
from domain.online_store import VIEW_OF_KIND
from domain.profile import Profile
from domain.topics import DECISIONS, LABELS

LIMIT_S = 3.0
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
    """`ring` is called after each new event in the outbox."""

    def __init__(self, pool: Pool, ring: Callable[[], None]) -> None:
        self._pool = pool
        self._ring = ring
        self._kept_pulse: str | None = None

    @_limited
    async def record(self, decision: Decision) -> bytes:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            pulse = decision.pulse
            if pulse is None or pulse.id == self._kept_pulse:
                await cursor.execute(query("record_decision"), _row(decision))
            else:
                await self._record_with_pulse(cursor, decision, pulse)
            if await cursor.fetchone():
                self._ring()
                return decision.reply
            return await _first_reply(cursor, decision)

    async def _record_with_pulse(
        self, cursor: psycopg.AsyncCursor, decision: Decision, pulse: KnownPulse
    ) -> None:
        """The first decision made with a pulse keeps what it was summed from, in its own transaction."""
        summed = {"id": pulse.id, "at_ms": pulse.pulse.at_ms, "zones": _json(pulse.zones)}
        async with cursor.connection.transaction():
            await cursor.execute(query("keep_pulse"), summed)
            await cursor.execute(query("record_decision"), _row(decision))
        self._kept_pulse = pulse.id

    @_limited
    async def find(self, decision_id: str) -> DecisionRecord | None:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(query("find_decision"), {"decision_id": decision_id})
            found = await cursor.fetchone()
            if found is None:
                return None
            transaction_id, request, reply = found
            outcomes = await _outcomes(connection, transaction_id)
        return DecisionRecord(reply=Raw(reply), request=Raw(request), outcomes=outcomes)

    @_limited
    async def payment(self, transaction_id: str) -> Payment | None:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(query("find_payment"), {"transaction_id": transaction_id})
            row = await cursor.fetchone()
        return None if row is None else convert(row, Payment)

    @_limited
    async def record_outcome(self, event: PaymentOutcome, correction: PaymentCorrected | None = None) -> None:
        row = structs.asdict(event) | {
            "outcome_id": event.id,
            "topic": LABELS.name,
            "event": encode_event(event),
            "correction": correction and encode_event(correction),
        }
        async with self._pool.connection() as connection:
            await connection.execute(query("record_outcome"), row)
        self._ring()

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


async def _first_reply(cursor: psycopg.AsyncCursor, decision: Decision) -> bytes:
    """By another statement, which sees what the insert has just waited for."""
    transaction_id = decision.transaction.transaction_id
    if decision.features.seq is not None:
        place = {"seq": decision.features.seq, "transaction_id": transaction_id}
        await cursor.execute(query("remove_from_flight"), place)
    await cursor.execute(query("stored_reply"), {"transaction_id": transaction_id})
    stored = await cursor.fetchone()
    assert stored is not None, "decisions are never removed"  # noqa: S101 - both sides of the boundary
    request, reply = stored
    if request != decision.request:
        raise TransactionChanged(f"{transaction_id} was decided with another body")
    return bytes(reply)


async def _outcomes(connection: psycopg.AsyncConnection, transaction_id: str) -> list[RecordedOutcome]:
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(query("find_outcomes"), {"transaction_id": transaction_id})
    return [RecordedOutcome(**row) for row in await cursor.fetchall()]


def _row(decision: Decision) -> dict[str, object]:
    features = decision.features
    read = {kind: getattr(features, kind) for kind in VIEW_OF_KIND}
    return (
        structs.asdict(decision.transaction)
        | structs.asdict(decision)
        | _versions(read)
        | {
            "positions": _json({kind: known.positions for kind, known in read.items() if known}),
            "overlaid": _json(overlaid(features.in_flight)),
            "seq": features.seq,
            "pulse_id": None if decision.pulse is None else decision.pulse.id,
            "reasons": _json(decision.reasons),
            "topic": DECISIONS.name,
            "event": encode_event(decision.event),
        }
    )


def _versions(read: dict[str, History | Profile | None]) -> dict[str, int | None]:
    versions: dict[str, int | None] = {}
    for kind, known in read.items():
        versions[f"{kind}_epoch"] = None if known is None else known.epoch
        versions[f"{kind}_version"] = None if known is None else known.version
    return versions


def _json(value: object) -> str:
    return json.encode(value).decode()

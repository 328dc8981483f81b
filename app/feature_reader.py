"""Reads the online store in one call; what Feast's own client reads is the same rows."""

from collections.abc import Coroutine, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import psycopg
from msgspec import DecodeError, json, structs
from psycopg import pq
from psycopg_pool import PoolTimeout

from app.ports import FeaturesUnreadable, StoredFeatures
from app.postgres import Pool
from app.prepared import Prepared
from app.queries import Numbered, query
from domain.events import PaymentDecided, encode_event, event_time_ms
from domain.history import History, decode_history
from domain.online_store import VIEW_OF_KIND, WATERMARK_ENTITY, WATERMARK_VIEW, decode_watermark
from domain.profile import decode_profile
from domain.ring import decode_ring

# A payment's place among those in flight is worth no wait for the disk, and its rows are few: by index, with
# a plan that still holds when the table has grown.
SERVER_OPTIONS = "-c synchronous_commit=off -c enable_seqscan=off -c plan_cache_mode=force_generic_plan"
_KINDS = ("card", "user", "device", "zone", "profile", "ring")
_VIEWS = [*(VIEW_OF_KIND[kind] for kind in _KINDS), WATERMARK_VIEW]
ARRIVE = Numbered(query("arrive"))
_payment_decoder = json.Decoder(PaymentDecided)
Row = tuple[int | None, str | None, bytes | None]
Result = TypeVar("Result")


class PostgresFeatureReader:
    """On a pool whose connections have SERVER_OPTIONS; `arrivals` asks ARRIVE at less cost than the pool."""

    def __init__(self, pool: Pool, arrivals: Prepared | None = None) -> None:
        self._pool = pool
        self._arrivals = arrivals

    async def read(self, attempt: PaymentDecided) -> StoredFeatures:
        return await _readable(self._read(attempt))

    async def look(self, attempt: PaymentDecided) -> StoredFeatures:
        return await _readable(self._look(attempt))

    async def zones(self) -> Mapping[str, History]:
        return await _readable(self._zones())

    async def _read(self, attempt: PaymentDecided) -> StoredFeatures:
        if self._arrivals is not None:
            return _decoded(_rows(await self._arrivals.ask(_arrival(attempt))))
        async with self._pool.connection() as connection:
            return _decoded(await _arrive(connection, attempt))

    async def _look(self, attempt: PaymentDecided) -> StoredFeatures:
        async with self._pool.connection() as connection, connection.transaction(force_rollback=True):
            seen = _decoded(await _arrive(connection, attempt))
        return structs.replace(seen, seq=None)

    async def _zones(self) -> Mapping[str, History]:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(query("read_zones"), {"view": VIEW_OF_KIND["zone"]})
            return {zone_id: decode_history(payload) for zone_id, payload in await cursor.fetchall()}


async def _readable(reading: Coroutine[Any, Any, Result]) -> Result:
    try:
        return await reading
    except (psycopg.Error, PoolTimeout, DecodeError) as error:
        raise FeaturesUnreadable(f"the online store cannot be read: {error}") from error


async def _arrive(connection: psycopg.AsyncConnection, attempt: PaymentDecided) -> list[Row]:
    cursor = psycopg.AsyncRawCursor(connection)
    await cursor.execute(ARRIVE.sql, ARRIVE.arguments(_arrival(attempt)), binary=True)
    return await cursor.fetchall()


def _arrival(attempt: PaymentDecided) -> dict[str, object]:
    return {
        "transaction_id": attempt.transaction_id,
        "card_id": attempt.card_id,
        "user_id": attempt.user_id,
        "device_id": attempt.device_id,
        "at_ms": event_time_ms(attempt),
        "event": encode_event(attempt),
        "views": _VIEWS,
        "entities": [
            attempt.card_id,
            attempt.user_id,
            attempt.device_id,
            attempt.pickup_zone,
            attempt.user_id,
            attempt.user_id,
            WATERMARK_ENTITY,
        ],
    }


def _rows(result: pq.abc.PGresult) -> Iterator[Row]:
    value = result.get_value
    for number in range(result.ntuples):
        seq, view = value(number, 0), value(number, 1)
        yield (
            None if seq is None else int.from_bytes(seq, "big"),
            None if view is None else view.decode(),
            value(number, 2),
        )


def _decoded(rows: Iterable[Row]) -> StoredFeatures:
    stored: dict[str, bytes] = {}
    in_flight: dict[int, bytes] = {}
    own = None
    for seq, view, payload in rows:
        if payload is None:
            own = seq
        elif view is not None:
            stored[view] = payload
        elif seq is not None:
            in_flight[seq] = payload
    card, user, device, zone, profile, ring, watermark = (stored.get(view) for view in _VIEWS)
    return StoredFeatures(
        card=None if card is None else decode_history(card),
        user=None if user is None else decode_history(user),
        device=None if device is None else decode_history(device),
        zone=None if zone is None else decode_history(zone),
        profile=None if profile is None else decode_profile(profile),
        ring=None if ring is None else decode_ring(ring),
        low_watermark_ms=None if watermark is None else decode_watermark(watermark),
        in_flight=tuple(_payment_decoder.decode(in_flight[seq]) for seq in sorted(in_flight)),
        seq=own,
    )

"""Reads the online store in one statement; what Feast's own client reads is the same rows."""

import psycopg
from msgspec import DecodeError
from psycopg_pool import PoolTimeout

from app.ports import FeaturesUnreadable, StoredFeatures
from app.postgres import Pool
from app.queries import query
from domain.history import decode_history
from domain.online_store import VIEW_OF_KIND, WATERMARK_ENTITY, WATERMARK_VIEW, decode_watermark
from domain.profile import decode_profile

_VIEWS = [VIEW_OF_KIND["card"], VIEW_OF_KIND["user"], VIEW_OF_KIND["profile"], WATERMARK_VIEW]


class PostgresFeatureReader:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, *, card_id: str, user_id: str) -> StoredFeatures:
        entities = [card_id, user_id, user_id, WATERMARK_ENTITY]
        try:
            payloads = await self._payloads(entities)
            return _decoded(payloads)
        except (psycopg.Error, PoolTimeout, DecodeError) as error:
            raise FeaturesUnreadable(f"the online store cannot be read: {error}") from error

    async def _payloads(self, entities: list[str]) -> dict[str, bytes]:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(query("read_features"), {"views": _VIEWS, "entities": entities})
            return dict(await cursor.fetchall())


def _decoded(payloads: dict[str, bytes]) -> StoredFeatures:
    card, user, profile, watermark = (payloads.get(view) for view in _VIEWS)
    return StoredFeatures(
        card=None if card is None else decode_history(card),
        user=None if user is None else decode_history(user),
        profile=None if profile is None else decode_profile(profile),
        low_watermark_ms=None if watermark is None else decode_watermark(watermark),
    )

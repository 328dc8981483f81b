"""The API keys in force, as this process knows them, found by the hash of their secret."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable
from enum import StrEnum
from hashlib import sha256
from typing import Any

import psycopg
from msgspec import Struct, convert
from psycopg.rows import dict_row

from app.letters import in_letters
from app.ports import Caller
from app.queries import queries_of

query = queries_of(__file__)
EVERY_S = 0.5
LIMIT_S = 5.0
MAX_KEYS = 1_000
log = logging.getLogger("faregate.access")


class Scope(StrEnum):
    DECIDE = "decide"
    OUTCOME = "outcome"
    READ = "read"
    LABEL = "label"
    METRICS = "metrics"


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key without its secret; `signed` keys must sign every call. Expiry in ms since the epoch."""

    key_id: str
    tenant: str
    scopes: frozenset[str]
    test: bool = False
    signed: bool = False
    rate_per_s: int
    burst: int
    expires_at_ms: int | None = None

    def caller(self) -> Caller:
        return Caller(tenant=self.tenant, key_id=self.key_id, scopes=self.scopes, test=self.test)


class KeyRing:
    """Keys by the hash of their secret: how long a search takes tells nothing of a secret."""

    def __init__(self, keys: Iterable[tuple[bytes, ApiKey]] = ()) -> None:
        self._keys = dict(keys)

    def find(self, secret: str, now_ms: int) -> ApiKey | None:
        """None for a secret unknown, revoked or expired."""
        key = self._keys.get(hash_of(secret))
        if key and (key.expires_at_ms is None or now_ms < key.expires_at_ms):
            return key
        return None

    def __len__(self) -> int:
        return len(self._keys)


class KeyKeeper:
    """Follows the table of keys over a connection of its own; without PostgreSQL the last known keys hold."""

    def __init__(self, conninfo: str = "") -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection | None = None
        self._ring = KeyRing()

    def current(self) -> KeyRing:
        return self._ring

    async def feel(self) -> None:
        """Read the keys anew; if they cannot be read, those known go on."""
        try:
            async with asyncio.timeout(LIMIT_S):
                self._ring = await self._read()
        except (psycopg.Error, TimeoutError) as error:
            log.warning("the API keys were not read, %d known ones hold: %s", len(self._ring), error)
            await self.close()

    async def serve(self) -> None:
        """Follow every change, within a second at the latest, until cancelled."""
        try:
            while True:
                await self._told()
                await self.feel()
        finally:
            await self.close()

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def _told(self) -> None:
        """Return when a change is announced, or when it is time to look."""
        if self._connection is None:
            await asyncio.sleep(EVERY_S)
            return
        try:
            async for _ in self._connection.notifies(timeout=EVERY_S, stop_after=1):
                pass
        except psycopg.Error as error:
            log.warning("the connection that tells of API keys broke: %s", error)
            await self.close()

    async def _read(self) -> KeyRing:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, connect_timeout=5, application_name="faregate access"
            )
            await self._connection.execute(query("listen"))
        cursor = self._connection.cursor(row_factory=dict_row)
        await cursor.execute(query("keys_in_force"), {"limit": MAX_KEYS})
        return KeyRing(_key(row) for row in await cursor.fetchall())


def _key(row: dict[str, Any]) -> tuple[bytes, ApiKey]:
    secret_hash = bytes(row.pop("secret_hash"))
    return secret_hash, convert(row, ApiKey)


def hash_of(secret: str) -> bytes:
    """A secret of 192 random bits needs no slow hash: nobody can try them all."""
    return sha256(secret.encode("utf-8", "surrogateescape")).digest()


def new_secret(token_hex: Callable[[int], str] = secrets.token_hex) -> str:
    """A secret that can never look like a card number."""
    return f"fgk_{in_letters(token_hex(24))}"

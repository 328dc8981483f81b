"""The keys of callers, as people make and revoke them; needs the owner's role."""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg
from msgspec import Struct, convert
from psycopg.rows import dict_row

from app.access.keys import MAX_KEYS, Scope, hash_of, new_secret, query
from app.letters import in_letters
from domain.errors import FaregateError

LIVE_OF_A_NAME = 2
LOCAL_TENANT, LOCAL_NAME = "local", "local"
RATE_PER_S, BURST = 500, 1_000
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class KeyRefused(FaregateError):
    """A key that cannot be made or revoked as asked."""


class KeyTerms(Struct, frozen=True, kw_only=True):
    """What a key is for. `name` is that of a calling service, of which two keys may live while one is
    replaced by the other; calls are limited to `rate_per_s` with bursts of `burst`."""

    tenant: str
    name: str
    scopes: Sequence[str]
    test: bool = False
    signed: bool = False
    rate_per_s: int = RATE_PER_S
    burst: int = BURST
    expires_at: datetime | None = None


class StoredKey(Struct, frozen=True, kw_only=True):
    key_id: str
    tenant: str
    name: str
    scopes: list[str]
    test: bool
    signed: bool
    rate_per_s: int
    burst: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now else "live"


def create(connection: psycopg.Connection, terms: KeyTerms, secret: str | None = None) -> tuple[str, str]:
    """Make a key and return its id and its secret, which is kept nowhere; raises KeyRefused."""
    _require(terms)
    key_id, secret = f"key_{in_letters(secrets.token_hex(8))}", secret or new_secret()
    with connection.transaction():
        connection.execute(query("lock_keys"))
        _require_room(connection, terms)
        row = {"key_id": key_id, "secret_hash": hash_of(secret), **_columns(terms)}
        connection.execute(query("create_key"), row)
        connection.execute(query("notify"))
    return key_id, secret


def list_keys(connection: psycopg.Connection) -> list[StoredKey]:
    cursor = connection.cursor(row_factory=dict_row)
    return [convert(row, StoredKey) for row in cursor.execute(query("list_keys")).fetchall()]


def revoke(connection: psycopg.Connection, key_id: str) -> None:
    """End a key in every process within a second; raises KeyRefused if no such key lives."""
    with connection.transaction():
        if connection.execute(query("revoke_key"), {"key_id": key_id}).fetchone() is None:
            raise KeyRefused(f"No key {key_id} lives. `faregate keys list` shows which do.")
        connection.execute(query("notify"))


def ensure_local_key(connection: psycopg.Connection, secret: str) -> None:
    """The test key of a local stack, with every scope; made at the first start."""
    known = connection.execute(query("known_secret"), {"secret_hash": hash_of(secret)}).fetchone()
    if known:
        return
    terms = KeyTerms(
        tenant=LOCAL_TENANT,
        name=LOCAL_NAME,
        scopes=tuple(Scope),
        test=True,
        rate_per_s=100_000,
        burst=100_000,
    )
    create(connection, terms, secret)


def _require(terms: KeyTerms) -> None:
    for what, value in (("tenant", terms.tenant), ("name", terms.name)):
        if not _NAME.fullmatch(value):
            raise KeyRefused(f"The {what} {value!r} cannot be used: a letter, then letters, digits, - or _.")
    unknown = sorted(set(terms.scopes) - set(Scope))
    if unknown or not terms.scopes:
        named = f"{', '.join(unknown)} is no scope" if unknown else "A key needs a scope"
        raise KeyRefused(f"{named}: choose among {', '.join(Scope)}.")
    if not (1 <= terms.rate_per_s <= 100_000 and 1 <= terms.burst <= 100_000):
        raise KeyRefused("Rate and burst must be from 1 to 100000 calls.")
    if terms.expires_at and terms.expires_at <= datetime.now(UTC):
        raise KeyRefused("The key would be expired already: give a time to come.")


def _require_room(connection: psycopg.Connection, terms: KeyTerms) -> None:
    counted = connection.execute(query("count_keys"), {"tenant": terms.tenant, "name": terms.name}).fetchone()
    assert counted is not None  # noqa: S101 - a count has a row
    alike, live = counted
    if alike >= LIVE_OF_A_NAME:
        raise KeyRefused(
            f"{alike} keys of {terms.tenant}/{terms.name} live already: revoke the older one first, with "
            "`faregate keys revoke`."
        )
    if live >= MAX_KEYS:
        raise KeyRefused(f"{live} keys live already, as many as a process holds: revoke some first.")


def _columns(terms: KeyTerms) -> dict[str, object]:
    columns = {name: getattr(terms, name) for name in terms.__struct_fields__}
    return columns | {"scopes": sorted(set(terms.scopes))}

"""Keys of callers on a real database: made, replaced, revoked, and known to every process in time."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from app.access import store
from app.access.keys import KeyKeeper, Scope
from app.access.store import KeyRefused, KeyTerms

pytestmark = pytest.mark.anyio


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def terms(**given: Any) -> KeyTerms:
    return KeyTerms(**{"tenant": "acme", "name": "checkout", "scopes": ("decide",), **given})


@pytest.fixture
def owner(conninfo: Callable[[str], str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
async def keeper(conninfo: Callable[[str], str]) -> AsyncIterator[KeyKeeper]:
    made = KeyKeeper(conninfo("faregate_api"))
    await made.feel()
    yield made
    await made.close()


@asynccontextmanager
async def serving(*keepers: KeyKeeper) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(keeper.serve()) for keeper in keepers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def within_a_second(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 1.0
    while not true() and time.monotonic() < deadline:
        await asyncio.sleep(0.01)  # between two looks
    return true()


async def test_a_key_is_kept_by_its_hash_alone(owner: psycopg.Connection, keeper: KeyKeeper) -> None:
    key_id, secret = store.create(owner, terms(test=True))
    await keeper.feel()
    key = keeper.current().find(secret, now_ms())
    assert key is not None
    assert (key.key_id, key.tenant, key.scopes, key.test) == (key_id, "acme", {Scope.DECIDE}, True)
    stored = owner.execute("select api_keys::text from api_keys").fetchall()
    assert secret not in str(stored)
    assert secret[4:] not in str(stored)


async def test_two_keys_of_a_name_live_at_once_and_no_third(owner: psycopg.Connection) -> None:
    first, _ = store.create(owner, terms())
    store.create(owner, terms())
    with pytest.raises(KeyRefused, match="revoke the older one"):
        store.create(owner, terms())
    store.revoke(owner, first)
    store.create(owner, terms())
    states = sorted(key.state(datetime.now(UTC)) for key in store.list_keys(owner))
    assert states == ["live", "live", "revoked"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scopes": ("decide", "pay")}, "pay is no scope"),
        ({"scopes": ()}, "needs a scope"),
        ({"tenant": "A b"}, "tenant"),
        ({"name": ""}, "name"),
        ({"rate_per_s": 0}, "Rate"),
        ({"burst": 10**6}, "burst"),
        ({"expires_at": datetime.now(UTC) - timedelta(seconds=1)}, "expired"),
    ],
)
async def test_terms_that_make_no_key(owner: psycopg.Connection, given: dict[str, Any], said: str) -> None:
    with pytest.raises(KeyRefused, match=said):
        store.create(owner, terms(**given))
    assert store.list_keys(owner) == []


async def test_a_key_that_does_not_live_cannot_be_revoked(owner: psycopg.Connection) -> None:
    key_id, _ = store.create(owner, terms())
    store.revoke(owner, key_id)
    with pytest.raises(KeyRefused, match="faregate keys list"):
        store.revoke(owner, key_id)


async def test_a_key_ends_at_its_time(owner: psycopg.Connection, keeper: KeyKeeper) -> None:
    _, secret = store.create(owner, terms(expires_at=datetime.now(UTC) + timedelta(hours=1)))
    await keeper.feel()
    assert keeper.current().find(secret, now_ms())
    assert keeper.current().find(secret, now_ms() + 3_700_000) is None


async def test_the_local_key_is_made_once(owner: psycopg.Connection, keeper: KeyKeeper) -> None:
    for _ in range(3):
        store.ensure_local_key(owner, "fgk_local")
    await keeper.feel()
    key = keeper.current().find("fgk_local", now_ms())
    assert key is not None
    assert (key.tenant, key.test, key.scopes) == ("local", True, set(Scope))
    assert len(store.list_keys(owner)) == 1


async def test_every_process_knows_a_change_within_a_second(
    conninfo: Callable[[str], str], owner: psycopg.Connection
) -> None:
    keepers = [KeyKeeper(conninfo("faregate_api")) for _ in range(2)]
    async with serving(*keepers):
        key_id, secret = store.create(owner, terms())
        assert await within_a_second(
            lambda: all(keeper.current().find(secret, now_ms()) for keeper in keepers)
        )
        store.revoke(owner, key_id)
        assert await within_a_second(
            lambda: not any(keeper.current().find(secret, now_ms()) for keeper in keepers)
        )


async def test_without_postgres_the_known_keys_hold_and_changes_come_afterwards(
    conninfo: Callable[[str], str], owner: psycopg.Connection, keeper: KeyKeeper
) -> None:
    _, secret = store.create(owner, terms())
    await keeper.feel()
    async with serving(keeper):
        with psycopg.connect(conninfo("faregate_api"), autocommit=True) as same_role:
            same_role.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'faregate access'"
            )
        assert keeper.current().find(secret, now_ms())
        _, later = store.create(owner, terms())
        deadline = time.monotonic() + 5
        while keeper.current().find(later, now_ms()) is None and time.monotonic() < deadline:
            await asyncio.sleep(0.02)  # between two looks
        assert keeper.current().find(later, now_ms())


async def test_a_keeper_without_a_database_knows_nobody() -> None:
    keeper = KeyKeeper("host=127.0.0.1 port=1")
    await keeper.feel()
    assert len(keeper.current()) == 0


@pytest.mark.parametrize("role", ["faregate_api", "faregate_console", "faregate_learner", "faregate_keeper"])
async def test_only_the_owner_makes_keys(conninfo: Callable[[str], str], role: str) -> None:
    with (
        psycopg.connect(conninfo(role), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        store.create(connection, terms())

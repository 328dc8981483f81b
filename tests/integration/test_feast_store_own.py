"""What our store does that Feast's own does not: see the docstring of PostgresRowOnlineStore."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from feast import FeatureStore
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast_stores import (
    DEFINED,
    FIELDS,
    NOON,
    OURS,
    ROW,
    STATS,
    close,
    counted,
    online_store,
    open_store,
    read,
    write,
)
from feature_backends import Database, a_database, a_home
from waiting import eventually

KEY = EntityKey(join_keys=["driver_id"], entity_values=[Value(string_val="drv_a")])
POOL_OF_ONE = {"conn_type": "pool", "min_conn": 1, "max_conn": 1}
EITHER = pytest.mark.parametrize("settings", [{}, POOL_OF_ONE], ids=["one connection", "a pool of one"])


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with a_home() as home, a_database(home) as database:
        yield database


@pytest.fixture
def ours(database: Database, tmp_path: Path) -> Iterator[FeatureStore]:
    store = open_store(database, tmp_path, OURS)
    yield store
    store.teardown()
    close(store)


@pytest.fixture
def store(database: Database, tmp_path: Path, settings: dict[str, Any]) -> Iterator[FeatureStore]:
    store = open_store(database, tmp_path, OURS, **settings)
    yield store
    store.teardown()
    close(store)


def rides(store: FeatureStore) -> list[Any]:
    return read(store, ["driver_stats:rides"], "drv_a")["rides"]


def test_the_newer_row_stays_by_event_time(ours: FeatureStore) -> None:
    write(ours, "driver_stats", ROW, driver_id="drv_a")
    write(ours, "driver_stats", {**ROW, "rides": 1}, driver_id="drv_a", at=NOON - timedelta(microseconds=1))
    assert rides(ours) == [7]


@pytest.mark.parametrize(
    ("epoch", "version", "kept"),
    [(1, 4, 5), (1, 5, 9), (1, 6, 9), (2, 1, 9), (0, 9, 5)],
    ids=["older", "the same again", "newer", "a rebuild", "an older rebuild"],
)
def test_epoch_and_version_decide_where_there_are_any(
    ours: FeatureStore, epoch: int, version: int, kept: int
) -> None:
    write(ours, "driver_versions", {"epoch": 1, "version": 5, "rides": 5}, driver_id="drv_a")
    told = {"epoch": epoch, "version": version, "rides": 9}
    write(ours, "driver_versions", told, driver_id="drv_a", at=NOON + timedelta(days=epoch * 10 - 10))
    assert read(ours, ["driver_versions:rides"], "drv_a")["rides"] == [kept]


def test_the_newest_of_a_batch_stays_whatever_its_order(ours: FeatureStore) -> None:
    rows = [
        (KEY, {"epoch": Value(int64_val=1), "version": Value(int64_val=version)}, NOON, None)
        for version in (1, 3, 2)
    ]
    view = ours.get_feature_view("driver_versions")
    online_store(ours).online_write_batch(ours.config, view, rows, None)
    assert read(ours, ["driver_versions:version"], "drv_a")["version"] == [3]


def test_a_batch_is_one_statement_whatever_its_size(
    ours: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(ours, "driver_stats", ROW, driver_id="drv_a")
    statements = counted(monkeypatch)
    keys = [
        EntityKey(join_keys=["driver_id"], entity_values=[Value(string_val=f"drv_{n}")]) for n in "abcdef"
    ]
    rows = [(key, {"rides": Value(int64_val=1)}, NOON, None) for key in keys * 10]
    online_store(ours).online_write_batch(ours.config, STATS, rows, None)
    assert len(statements) == 1


def test_all_views_of_a_request_are_one_statement(
    ours: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = counted(monkeypatch)
    read(ours, ["driver_stats:rides", "driver_other:score", "driver_versions:epoch"], "drv_a", "drv_b")
    assert len(statements) == 1


@pytest.mark.parametrize("wanted", [[], None])
def test_a_read_that_names_no_features_has_all(ours: FeatureStore, wanted: list[str] | None) -> None:
    write(ours, "driver_stats", ROW, driver_id="drv_a")
    ((_, found),) = online_store(ours).online_read(ours.config, STATS, [KEY], wanted)
    assert set(found) == set(FIELDS)


def test_a_write_replaces_the_whole_row(ours: FeatureStore) -> None:
    write(ours, "driver_stats", ROW, driver_id="drv_a")
    rows = [(KEY, {"rides": Value(int64_val=8)}, NOON, None)]
    online_store(ours).online_write_batch(ours.config, STATS, rows, None)
    assert read(ours, ["driver_stats:rides", "driver_stats:zones"], "drv_a") == {
        "driver_id": ["drv_a"],
        "rides": [8],
        "zones": [None],
    }


@EITHER
def test_a_body_that_raises_gives_its_connection_back(store: FeatureStore) -> None:
    for _ in range(3):
        with (
            pytest.raises(psycopg.errors.DivisionByZero),
            online_store(store)._get_conn(store.config) as held,
        ):
            held.execute("select 1 / 0")
    write(store, "driver_stats", ROW, driver_id="drv_a")
    assert rides(store) == [7]


@EITHER
def test_a_body_that_raises_leaves_nothing_half_written(store: FeatureStore) -> None:
    write(store, "driver_stats", ROW, driver_id="drv_a")
    with pytest.raises(psycopg.errors.DivisionByZero), online_store(store)._get_conn(store.config) as held:
        held.cursor().executemany("delete from online_store where %s / %s = 1", [(1, 1), (1, 0)])
    assert rides(store) == [7]


@EITHER
def test_a_refused_write_gives_its_connection_back(store: FeatureStore) -> None:
    view = store.get_feature_view("driver_versions")
    nobody = EntityKey(join_keys=["driver_id"], entity_values=[Value(string_val="\x00")])
    unwritable = [(nobody, {"rides": Value(int64_val=1)}, NOON, None)]
    for _ in range(2):
        with pytest.raises(psycopg.Error):
            online_store(store).online_write_batch(store.config, view, unwritable, None)
    write(store, "driver_stats", ROW, driver_id="drv_a")
    assert rides(store) == [7]


@EITHER
def test_a_lost_connection_is_opened_again(store: FeatureStore) -> None:
    with pytest.raises(psycopg.OperationalError), online_store(store)._get_conn(store.config) as held:
        held.execute("select pg_terminate_backend(pg_backend_pid())")
    write(store, "driver_stats", ROW, driver_id="drv_a")
    assert rides(store) == [7]


@EITHER
def test_asyncio_reads_one_view_or_several(store: FeatureStore) -> None:
    write(store, "driver_stats", ROW, driver_id="drv_a")

    async def ask() -> list[dict[str, Any]]:
        try:
            return [
                (await ask_async(store, features)).to_dict()
                for features in (["driver_stats:rides"], ["driver_stats:rides", "driver_other:score"])
            ]
        finally:
            await store.close()

    one, two = asyncio.run(ask())
    assert one == {"driver_id": ["drv_a"], "rides": [7]}
    assert two == {"driver_id": ["drv_a"], "rides": [7], "score": [None]}


async def ask_async(store: FeatureStore, features: list[str]) -> Any:
    return await store.get_online_features_async(features=features, entity_rows=[{"driver_id": "drv_a"}])


@EITHER
def test_a_cancelled_read_gives_its_connection_back(store: FeatureStore, database: Database) -> None:
    write(store, "driver_stats", ROW, driver_id="drv_a")

    async def ask() -> Any:
        try:
            await ask_async(store, ["driver_stats:rides"])
            with database.connect("faregate_owner") as owner, owner.transaction():
                owner.execute("lock table online_store in access exclusive mode")
                waiting = asyncio.create_task(ask_async(store, ["driver_stats:rides"]))
                await asyncio.to_thread(eventually, lambda: readers_waiting(database))
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            return (await asyncio.wait_for(ask_async(store, ["driver_stats:rides"]), 10)).to_dict()["rides"]
        finally:
            await store.close()

    assert asyncio.run(ask()) == [7]


def readers_waiting(database: Database) -> int:
    with database.connect() as connection:
        waiting = connection.execute("select count(*) from pg_locks where not granted").fetchone()
    assert waiting
    count: int = waiting[0]
    return count


def test_there_are_no_older_versions_and_no_search(ours: FeatureStore) -> None:
    assert not online_store(ours)._is_versioned_read_supported()
    with pytest.raises(NotImplementedError, match="no search"):
        online_store(ours).retrieve_online_documents(ours.config, STATS, None, [0.0], 1)


def test_a_view_that_is_removed_is_forgotten(ours: FeatureStore, database: Database) -> None:
    write(ours, "driver_stats", ROW, driver_id="drv_a")
    write(ours, "driver_other", {"score": 3, "rides": 1}, driver_id="drv_a")
    kept = [each for each in DEFINED if each is not STATS]
    ours.apply(kept, objects_to_delete=[STATS], partial=False)
    with database.connect() as connection:
        left = connection.execute("select view from online_store where view like 'driver_%'").fetchall()
    assert left == [("driver_other",)]

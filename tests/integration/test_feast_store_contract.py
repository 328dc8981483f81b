"""Feast's own Postgres store and ours answer a client alike; where they differ is tested by itself."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Array, Bool, Float64, Int64, String
from feature_backends import Database, a_database, a_home

from feature_repo.postgres_row_store import STORE_TYPE

NOON = datetime(2026, 9, 21, 12, tzinfo=UTC)
DRIVER = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.STRING)
SOURCE = FileSource(name="drivers", path="drivers.parquet", timestamp_field="event_timestamp")
FIELDS = {
    "rides": Int64,
    "rating": Float64,
    "online": Bool,
    "city": String,
    "recent": Array(Int64),
    "zones": Array(String),
}
ROW = {"rides": 7, "rating": 4.5, "online": True, "city": "", "recent": [1, 2**40], "zones": ["a", "b"]}


def view(name: str, fields: dict[str, Any]) -> FeatureView:
    schema = [Field(name=field, dtype=dtype) for field, dtype in fields.items()]
    return FeatureView(
        name=name, entities=[DRIVER], schema=[Field(name="driver_id", dtype=String), *schema], source=SOURCE
    )


STATS = view("driver_stats", FIELDS)
OTHER = view("driver_other", {"score": Int64})
VERSIONED = view("driver_versions", {"epoch": Int64, "version": Int64, "rides": Int64})


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with a_home() as home, a_database(home) as database, database.connect("faregate_owner") as owner:
        owner.execute("grant create on schema public to faregate_writer")  # Feast's own store makes tables
        yield database


def open_store(database: Database, folder: Path, kind: str, **settings: Any) -> FeatureStore:
    env = database.env("faregate_writer")
    online = {
        "type": kind,
        "host": env["PGHOST"],
        "port": int(env["PGPORT"]),
        "database": env["PGDATABASE"],
        "user": env["PGUSER"],
        "password": env["PGPASSWORD"],
        "sslmode": "disable",
        **settings,
    }
    config = RepoConfig(
        project="drivers",
        provider="local",
        registry=str(folder / "registry.db"),
        online_store=online,
        offline_store={"type": "file"},
        entity_key_serialization_version=3,
        repo_path=folder,
    )
    store = FeatureStore(config=config)
    pd.DataFrame({"driver_id": ["drv_a"], "event_timestamp": [NOON]}).to_parquet(folder / "drivers.parquet")
    store.apply([DRIVER, STATS, OTHER, VERSIONED])
    return store


def close(store: FeatureStore) -> None:
    online: Any = store._get_provider().online_store
    for held in (online._conn, online._conn_pool):
        if held:
            held.close()


@pytest.fixture(params=["postgres", STORE_TYPE], ids=["feast's", "ours"])
def store(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[FeatureStore]:
    store = open_store(database, tmp_path, request.param)
    yield store
    store.teardown()
    close(store)


@pytest.fixture
def ours(database: Database, tmp_path: Path) -> Iterator[FeatureStore]:
    store = open_store(database, tmp_path, STORE_TYPE)
    yield store
    store.teardown()
    close(store)


def write(
    store: FeatureStore, name: str, values: dict[str, Any], *, driver: str = "drv_a", at: datetime = NOON
) -> None:
    row = {"driver_id": [driver], "event_timestamp": [at], **{key: [value] for key, value in values.items()}}
    store.write_to_online_store(name, pd.DataFrame(row))


def read(store: FeatureStore, features: list[str], *drivers: str) -> dict[str, list[Any]]:
    asked = [{"driver_id": driver} for driver in drivers or ("drv_a",)]
    answer: dict[str, list[Any]] = store.get_online_features(features=features, entity_rows=asked).to_dict()
    return answer


def stats(store: FeatureStore, *drivers: str) -> dict[str, list[Any]]:
    return read(store, [f"driver_stats:{field}" for field in FIELDS], *drivers)


def test_values_come_back_with_their_types(store: FeatureStore) -> None:
    write(store, "driver_stats", ROW)
    assert stats(store) == {"driver_id": ["drv_a"], **{field: [value] for field, value in ROW.items()}}


def test_an_empty_array_is_no_missing_value(store: FeatureStore) -> None:
    write(store, "driver_stats", {**ROW, "recent": [], "zones": []})
    assert (stats(store)["recent"], stats(store)["zones"]) == ([[]], [[]])


def test_an_unknown_entity_has_no_values(store: FeatureStore) -> None:
    write(store, "driver_stats", ROW)
    assert stats(store, "drv_b", "drv_a")["rides"] == [None, 7]


def test_a_newer_row_replaces_an_older(store: FeatureStore) -> None:
    write(store, "driver_stats", ROW)
    write(store, "driver_stats", {**ROW, "rides": 8}, at=NOON + timedelta(seconds=1))
    assert stats(store)["rides"] == [8]


def test_the_last_of_several_rows_of_one_write_stays(store: FeatureStore) -> None:
    rows = pd.DataFrame(
        {
            "driver_id": ["drv_a", "drv_a"],
            "event_timestamp": [NOON, NOON + timedelta(seconds=1)],
            **{field: [value, value] for field, value in ROW.items()},
        }
    ).assign(rides=[1, 2])
    store.write_to_online_store("driver_stats", rows)
    assert stats(store)["rides"] == [2]


def test_one_field_may_be_asked_for_alone(store: FeatureStore) -> None:
    write(store, "driver_stats", ROW)
    assert read(store, ["driver_stats:city"]) == {"driver_id": ["drv_a"], "city": [""]}


def test_several_views_answer_one_request(store: FeatureStore) -> None:
    write(store, "driver_stats", ROW)
    write(store, "driver_other", {"score": 3}, driver="drv_b")
    answer = read(store, ["driver_stats:rides", "driver_other:score"], "drv_a", "drv_b")
    assert (answer["rides"], answer["score"]) == ([7, None], [None, 3])


def test_ours_keeps_the_newer_row_by_event_time(ours: FeatureStore) -> None:
    write(ours, "driver_stats", ROW)
    write(ours, "driver_stats", {**ROW, "rides": 1}, at=NOON - timedelta(microseconds=1))
    assert stats(ours)["rides"] == [7]


@pytest.mark.parametrize(
    ("epoch", "version", "kept"),
    [(1, 4, 5), (1, 5, 9), (1, 6, 9), (2, 1, 9), (0, 9, 5)],
    ids=["older", "the same again", "newer", "a rebuild", "an older rebuild"],
)
def test_ours_goes_by_epoch_and_version_where_there_are_any(
    ours: FeatureStore, epoch: int, version: int, kept: int
) -> None:
    write(ours, "driver_versions", {"epoch": 1, "version": 5, "rides": 5})
    much_later = NOON + timedelta(days=epoch * 10 - 10)
    write(ours, "driver_versions", {"epoch": epoch, "version": version, "rides": 9}, at=much_later)
    assert read(ours, ["driver_versions:rides"])["rides"] == [kept]


def test_ours_gives_back_its_connection_after_an_error(database: Database, tmp_path: Path) -> None:
    store = open_store(database, tmp_path, STORE_TYPE, conn_type="pool", min_conn=1, max_conn=1)
    online: Any = store._get_provider().online_store
    for _ in range(3):
        with pytest.raises(psycopg.errors.DivisionByZero), online._get_conn(store.config) as connection:
            connection.execute("select 1 / 0")
    write(store, "driver_stats", ROW)
    assert stats(store)["rides"] == [7]
    close(store)


@pytest.mark.parametrize("conn_type", ["singleton", "pool"])
def test_ours_opens_a_connection_again_after_it_was_lost(
    database: Database, tmp_path: Path, conn_type: str
) -> None:
    store = open_store(database, tmp_path, STORE_TYPE, conn_type=conn_type, min_conn=1, max_conn=1)
    online: Any = store._get_provider().online_store
    with pytest.raises(psycopg.OperationalError), online._get_conn(store.config) as connection:
        connection.execute("select pg_terminate_backend(pg_backend_pid())")
    write(store, "driver_stats", ROW)
    assert stats(store)["rides"] == [7]
    close(store)


@pytest.mark.parametrize("conn_type", ["singleton", "pool"])
def test_ours_reads_from_asyncio(database: Database, tmp_path: Path, conn_type: str) -> None:
    store = open_store(database, tmp_path, STORE_TYPE, conn_type=conn_type, min_conn=1, max_conn=1)
    write(store, "driver_stats", ROW)

    async def ask() -> tuple[dict[str, Any], dict[str, Any]]:
        asked = [{"driver_id": "drv_a"}]
        one = await store.get_online_features_async(features=["driver_stats:rides"], entity_rows=asked)
        both = ["driver_stats:rides", "driver_other:score"]
        two = await store.get_online_features_async(features=both, entity_rows=asked)
        await store._get_provider().online_store.close()
        return one.to_dict(), two.to_dict()

    one, two = asyncio.run(ask())
    assert one == {"driver_id": ["drv_a"], "rides": [7]}
    assert two["rides"] == [7]


def test_ours_has_no_older_versions_and_no_search(ours: FeatureStore) -> None:
    online: Any = ours._get_provider().online_store
    assert not online._is_versioned_read_supported()
    with pytest.raises(NotImplementedError, match="no search"):
        online.retrieve_online_documents(ours.config, STATS, None, [0.0], 1)


def test_ours_forgets_a_view_that_is_removed(ours: FeatureStore, database: Database) -> None:
    write(ours, "driver_stats", ROW)
    write(ours, "driver_other", {"score": 3})
    ours.apply([DRIVER, OTHER, VERSIONED], objects_to_delete=[STATS], partial=False)
    with database.connect() as connection:
        left = connection.execute("select view from online_store where view like 'driver_%'").fetchall()
    assert left == [("driver_other",)]

"""Feast's own Postgres store and ours answer a client alike; where they differ is in test_feast_store_own."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pandas as pd
import pytest
from event_factories import letters
from feast import FeatureStore
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Int64Set, Map, Value
from feast_stores import (
    FIELDS,
    NOON,
    OURS,
    ROW,
    STATS,
    THEIRS,
    TYPES,
    close,
    online_store,
    open_store,
    read,
    write,
)
from feature_backends import Database, a_database, a_home

_numbers = count(1)
EVERY_STAT = [f"driver_stats:{field}" for field in FIELDS]
SECOND = timedelta(seconds=1)
EDGES: dict[str, Any] = {
    "int32_val": -(2**31),
    "int64_val": 2**63 - 1,
    "float_val": 0.1,
    "double_val": float("inf"),
    "bool_val": False,
    "string_val": "schön",
    "bytes_val": b"\x00\xff",
    "unix_timestamp_val": 1_790_000_000,
    "int32_list_val": [-(2**31), 0],
    "int64_list_val": [2**63 - 1],
    "float_list_val": [0.1, -0.0],
    "double_list_val": [5e-324],
    "bool_list_val": [True, False],
    "string_list_val": ["", "a"],
    "bytes_list_val": [b"", b"\x00\xff"],
    "unix_timestamp_list_val": [0, 1_790_000_000],
}


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with a_home() as home, a_database(home) as database, database.connect("faregate_owner") as owner:
        owner.execute("grant create on schema public to faregate_writer")  # Feast's own store makes tables
        yield database


@pytest.fixture(scope="module")
def theirs(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    store = open_store(database, tmp_path_factory.mktemp("theirs"), THEIRS)
    yield store
    store.teardown()
    close(store)


@pytest.fixture(scope="module")
def ours(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    store = open_store(database, tmp_path_factory.mktemp("ours"), OURS)
    yield store
    store.teardown()
    close(store)


@pytest.fixture(params=["theirs", "ours"])
def store(request: pytest.FixtureRequest) -> FeatureStore:
    chosen: FeatureStore = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def driver() -> str:
    return f"drv_{letters(next(_numbers))}"


def stats(store: FeatureStore, *drivers: str) -> dict[str, list[Any]]:
    return read(store, EVERY_STAT, *drivers)


def key_of(driver: str) -> EntityKey:
    return EntityKey(join_keys=["driver_id"], entity_values=[Value(string_val=driver)])


def value(slot: str, plain: Any) -> Value:
    made = Value()
    if isinstance(plain, list):
        getattr(made, slot).SetInParent()
        getattr(made, slot).val.extend(plain)
    else:
        setattr(made, slot, plain)
    return made


def put(store: FeatureStore, view: Any, driver: str, values: dict[str, Value], at: datetime = NOON) -> None:
    online_store(store).online_write_batch(store.config, view, [(key_of(driver), values, at, None)], None)


def test_values_come_back_with_their_types(store: FeatureStore, driver: str) -> None:
    write(store, "driver_stats", ROW, driver_id=driver)
    assert stats(store, driver) == {"driver_id": [driver], **{field: [each] for field, each in ROW.items()}}


@pytest.mark.parametrize(("slot", "plain"), EDGES.items())
def test_every_type_comes_back_to_the_last_bit(
    store: FeatureStore, driver: str, slot: str, plain: Any
) -> None:
    written = value(slot, plain)
    put(store, TYPES, driver, {slot: written})
    ((at, found),) = online_store(store).online_read(store.config, TYPES, [key_of(driver)], [slot])
    assert found[slot].SerializeToString() == written.SerializeToString()
    assert at is not None


@pytest.mark.parametrize(
    "given", [{"int64_set_val": Int64Set(val=[3])}, {"map_val": Map(val={"k": Value(int64_val=1)})}]
)
def test_any_other_type_comes_back_whole(store: FeatureStore, driver: str, given: dict[str, Any]) -> None:
    put(store, TYPES, driver, {slot: Value(**given) for slot in given})
    ((_, found),) = online_store(store).online_read(store.config, TYPES, [key_of(driver)], list(given))
    assert found == {slot: Value(**given) for slot in given}


def test_a_null_stays_null_beside_values(store: FeatureStore, driver: str) -> None:
    nothing = dict.fromkeys(FIELDS)
    write(store, "driver_stats", {**nothing, "rides": 7}, driver_id=driver)
    assert stats(store, driver) == {
        "driver_id": [driver],
        **{field: [None] for field in FIELDS},
        "rides": [7],
    }


def test_an_empty_array_is_no_missing_value(store: FeatureStore, driver: str) -> None:
    write(store, "driver_stats", {**ROW, "recent": [], "zones": [], "digests": []}, driver_id=driver)
    found = stats(store, driver)
    assert (found["recent"], found["zones"], found["digests"]) == ([[]], [[]], [[]])


def test_an_unknown_entity_has_no_values(store: FeatureStore, driver: str) -> None:
    write(store, "driver_stats", ROW, driver_id=driver)
    assert stats(store, "drv_unknown", driver)["rides"] == [None, 7]


def test_a_newer_row_replaces_an_older(store: FeatureStore, driver: str) -> None:
    write(store, "driver_stats", ROW, driver_id=driver)
    write(store, "driver_stats", {**ROW, "rides": 8}, driver_id=driver, at=NOON + SECOND)
    assert stats(store, driver)["rides"] == [8]


def test_the_last_of_several_rows_of_one_write_stays(store: FeatureStore, driver: str) -> None:
    rows = pd.DataFrame({field: [each, each] for field, each in ROW.items()})
    rows = rows.assign(driver_id=driver, event_timestamp=[NOON, NOON + SECOND], rides=[1, 2])
    store.write_to_online_store("driver_stats", rows)
    assert stats(store, driver)["rides"] == [2]


def test_a_write_of_nothing_changes_nothing(store: FeatureStore) -> None:
    told: list[int] = []
    online_store(store).online_write_batch(store.config, STATS, [], told.append)
    assert told == [0]


def test_a_time_without_a_zone_is_utc(store: FeatureStore, driver: str) -> None:
    put(store, STATS, driver, {"rides": Value(int64_val=1)}, at=NOON.replace(tzinfo=None))
    asked = [{"driver_id": driver}]
    answer = store.get_online_features(features=["driver_stats:rides"], entity_rows=asked)
    assert answer.to_dict(include_event_timestamps=True)["rides__ts"] == [NOON.timestamp()]


@pytest.mark.parametrize("wanted", [["city"], ["zones", "rides"]])
def test_a_read_has_the_wanted_features_only(store: FeatureStore, driver: str, wanted: list[str]) -> None:
    write(store, "driver_stats", ROW, driver_id=driver)
    ((_, found),) = online_store(store).online_read(store.config, STATS, [key_of(driver)], wanted)
    assert set(found) == set(wanted)


def test_a_read_answers_in_the_order_of_its_keys(store: FeatureStore, driver: str) -> None:
    write(store, "driver_other", {"score": 3, "rides": 4}, driver_id=driver)
    keys = [key_of(each) for each in ("drv_unknown", driver, "drv_unknown", driver)]
    answers = online_store(store).online_read(store.config, STATS, keys, ["rides"])
    assert answers == [(None, None)] * 4


def test_views_may_share_the_name_of_a_feature(store: FeatureStore, driver: str) -> None:
    write(store, "driver_stats", ROW, driver_id=driver)
    write(store, "driver_other", {"score": 3, "rides": 4}, driver_id=driver)
    answer = store.get_online_features(
        features=["driver_stats:rides", "driver_other:rides"],
        entity_rows=[{"driver_id": driver}],
        full_feature_names=True,
    ).to_dict()
    assert answer == {"driver_id": [driver], "driver_stats__rides": [7], "driver_other__rides": [4]}


def test_keys_of_two_entities_are_told_apart_in_any_order(store: FeatureStore, driver: str) -> None:
    write(store, "driver_zones", {"visits": 1}, driver_id=driver, zone_id="zone_a")
    write(store, "driver_zones", {"visits": 2}, driver_id=driver, zone_id="zone_b")
    asked = {"zone_id": ["zone_b", "zone_a", "zone_c"], "driver_id": [driver] * 3}
    answer = store.get_online_features(features=["driver_zones:visits"], entity_rows=asked).to_dict()
    assert answer["visits"] == [2, 1, None]


def test_a_key_may_be_a_number(store: FeatureStore) -> None:
    write(store, "shift_stats", {"length": 8}, shift_id=4)
    asked = {"shift_id": [4, 5]}
    answer = store.get_online_features(features=["shift_stats:length"], entity_rows=asked).to_dict()
    assert answer["length"] == [8, None]


@pytest.mark.parametrize("features", [["driver_stats:rides"], [*EVERY_STAT, "driver_other:score"]])
def test_both_answer_asyncio_alike(store: FeatureStore, driver: str, features: list[str]) -> None:
    write(store, "driver_stats", ROW, driver_id=driver)
    asked = [{"driver_id": driver}, {"driver_id": "drv_unknown"}]

    async def ask() -> Any:
        try:
            return await store.get_online_features_async(features=features, entity_rows=asked)
        finally:
            await let_go(store)

    assert asyncio.run(ask()).proto == store.get_online_features(features=features, entity_rows=asked).proto


async def let_go(store: FeatureStore) -> None:
    """A connection of asyncio belongs to its loop."""
    held = online_store(store)
    if held._conn_async:
        await held._conn_async.close()
    held._conn_async = None


REQUESTS: dict[str, dict[str, Any]] = {
    "one view": {"features": EVERY_STAT},
    "one feature": {"features": ["driver_stats:zones"]},
    "several views": {"features": [*EVERY_STAT, "driver_other:score", "driver_types:bytes_list_val"]},
    "full names": {"features": [*EVERY_STAT, "driver_other:rides"], "full_feature_names": True},
    "versions of views": {"features": EVERY_STAT, "include_feature_view_version_metadata": True},
    "a view without rows": {"features": ["driver_types:map_val", "driver_other:score"]},
    "a feature never written": {"features": ["driver_versions:rides", "driver_versions:epoch"]},
}
ASKED = {
    "one": ["drv_seen"],
    "unknown": ["drv_unknown"],
    "some known": ["drv_unknown", "drv_seen", "drv_half"],
    "twice": ["drv_seen", "drv_half", "drv_seen"],
}


@pytest.fixture(scope="module")
def both(theirs: FeatureStore, ours: FeatureStore) -> tuple[FeatureStore, FeatureStore]:
    for store in (theirs, ours):
        write(store, "driver_stats", ROW, driver_id="drv_seen")
        write(store, "driver_other", {"score": 3, "rides": 4}, driver_id="drv_seen", at=NOON + SECOND)
        write(store, "driver_stats", {**ROW, "city": None, "zones": None}, driver_id="drv_half")
        put(store, TYPES, "drv_seen", {slot: value(slot, plain) for slot, plain in EDGES.items()})
        online = online_store(store)
        half = {"rides": Value(int64_val=1)}
        versioned = store.get_feature_view("driver_versions")
        online.online_write_batch(store.config, versioned, [(key_of("drv_half"), half, NOON, NOON)], None)
    return theirs, ours


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("drivers", ASKED.values(), ids=ASKED)
def test_both_give_the_same_answer_to_the_last_byte(
    both: tuple[FeatureStore, FeatureStore], request_: dict[str, Any], drivers: list[str]
) -> None:
    stock, own = (store.get_online_features(entity_rows={"driver_id": drivers}, **request_) for store in both)
    assert own.proto == stock.proto
    assert own.to_dict(include_event_timestamps=True) == stock.to_dict(include_event_timestamps=True)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ([], IndexError),
        ({"driver_id": []}, KeyError),
        ([{"driver_id": None}], TypeError),
        ([{"rider_id": "a"}], KeyError),
    ],
    ids=["no rows", "no keys", "a null key", "another key"],
)
def test_both_refuse_the_same_requests(store: FeatureStore, asked: Any, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        store.get_online_features(features=["driver_stats:rides"], entity_rows=asked)

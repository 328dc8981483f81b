"""Feature stores of one small project, on Feast's own Postgres store or on ours."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import (
    Array,
    Bool,
    Bytes,
    Float32,
    Float64,
    Int32,
    Int64,
    Map,
    Set,
    String,
    UnixTimestamp,
)
from feature_backends import Database

from feature_repo.postgres_row_store import STORE_TYPE

THEIRS, OURS = "postgres", STORE_TYPE
NOON = datetime(2026, 9, 21, 12, tzinfo=UTC)
SOURCE = FileSource(name="drivers", path="drivers.parquet", timestamp_field="event_timestamp")
FIELDS = {
    "rides": Int64,
    "rating": Float64,
    "online": Bool,
    "city": String,
    "recent": Array(Int64),
    "zones": Array(String),
    "digests": Array(Bytes),
}
ROW = {
    "rides": 7,
    "rating": 4.5,
    "online": True,
    "city": "",
    "recent": [1, 2**40],
    "zones": ["a", "b"],
    "digests": [b"\x00\xff", b""],
}
SCALARS = {
    "int32_val": Int32,
    "int64_val": Int64,
    "float_val": Float32,
    "double_val": Float64,
    "bool_val": Bool,
    "string_val": String,
    "bytes_val": Bytes,
    "unix_timestamp_val": UnixTimestamp,
}
SLOTS: dict[str, Any] = {
    **SCALARS,
    **{slot.replace("_val", "_list_val"): Array(kind) for slot, kind in SCALARS.items()},
    "int64_set_val": Set(Int64),
    "map_val": Map,
}


def entity(name: str, value_type: ValueType = ValueType.STRING) -> Entity:
    return Entity(name=name, join_keys=[f"{name}_id"], value_type=value_type)


DRIVER, ZONE, SHIFT = entity("driver"), entity("zone"), entity("shift", ValueType.INT64)
KEY_TYPES = {"driver": String, "zone": String, "shift": Int64}


def view(name: str, fields: dict[str, Any], *entities: Entity) -> FeatureView:
    keys = [Field(name=each.join_key, dtype=KEY_TYPES[each.name]) for each in entities]
    schema = [Field(name=field, dtype=dtype) for field, dtype in fields.items()]
    return FeatureView(name=name, entities=list(entities), schema=[*keys, *schema], source=SOURCE)


STATS = view("driver_stats", FIELDS, DRIVER)
OTHER = view("driver_other", {"score": Int64, "rides": Int64}, DRIVER)
VERSIONED = view("driver_versions", {"epoch": Int64, "version": Int64, "rides": Int64}, DRIVER)
TYPES = view("driver_types", SLOTS, DRIVER)
PAIRS = view("driver_zones", {"visits": Int64}, DRIVER, ZONE)
SHIFTS = view("shift_stats", {"length": Int64}, SHIFT)
DEFINED = (DRIVER, ZONE, SHIFT, STATS, OTHER, VERSIONED, TYPES, PAIRS, SHIFTS)


def open_store(database: Database, folder: Path, kind: str, **settings: Any) -> FeatureStore:
    """Of role faregate_writer, which must be let make tables when `kind` is Feast's own."""
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
    keys = pd.DataFrame(
        {"driver_id": ["drv_a"], "zone_id": ["zone_a"], "shift_id": [1], "event_timestamp": [NOON]}
    )
    keys.to_parquet(folder / "drivers.parquet")
    store.apply(list(DEFINED))
    return store


def online_store(store: FeatureStore) -> Any:
    return store._get_provider().online_store


def close(store: FeatureStore) -> None:
    held = online_store(store)
    for connection in (held._conn, held._conn_pool):
        if connection:
            connection.close()


def write(
    store: FeatureStore, name: str, values: dict[str, Any], *, at: datetime = NOON, **keys: Any
) -> None:
    row = {"event_timestamp": [at], **{key: [value] for key, value in {**keys, **values}.items()}}
    store.write_to_online_store(name, pd.DataFrame(row))


def read(store: FeatureStore, features: list[str], *drivers: str) -> dict[str, list[Any]]:
    asked = [{"driver_id": driver} for driver in drivers]
    answer: dict[str, list[Any]] = store.get_online_features(features=features, entity_rows=asked).to_dict()
    return answer


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The statements that any connection runs from now on."""
    statements: list[Any] = []
    execute = psycopg.Connection.execute

    def counting(self: Any, query: Any, *given: Any, **named: Any) -> Any:
        statements.append(query)
        return execute(self, query, *given, **named)

    monkeypatch.setattr(psycopg.Connection, "execute", counting)
    return statements

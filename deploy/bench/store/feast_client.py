"""Feast with the stack's own definitions and one of the two stores."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from runpy import run_path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from deploy.bench.benchmark import Target
from deploy.bench.city.lived_city import LivedCity
from deploy.bench.store.scratch import SCHEMA
from deploy.embedded import passwords
from deploy.embedded.home import PROJECT

THEIRS, OURS = "postgres", "feature_repo.postgres_row_store.PostgresRowOnlineStore"


class Client:
    """What a benchmark asks of Feast."""

    def __init__(self, store: Any, views: list[Any]) -> None:
        self._store = store
        self.views = {view.name: view for view in views}
        self._features = [f"{view.name}:{field.name}" for view in views for field in view.features]

    def write(self, view: str, rows: list[Any]) -> None:
        self._store._get_provider().online_write_batch(self._store.config, self.views[view], rows, None)

    def read(self, keys: dict[str, str]) -> Any:
        return self._store.get_online_features(self._features, [keys], full_feature_names=True)


@contextmanager
def feast_client(target: Target, kind: str) -> Iterator[Client]:
    from feast import Entity, FeatureStore, FeatureView

    defined = _definitions(target).values()
    entities = [value for value in defined if isinstance(value, Entity)]
    views = [value for value in defined if isinstance(value, FeatureView) and value.online]
    with tempfile.TemporaryDirectory(prefix="faregate-bench-") as folder:
        store = FeatureStore(config=_config(target.conninfo[passwords.OWNER], Path(folder), kind))
        store.apply([*entities, *views])
        try:
            yield Client(store, views)
        finally:
            asyncio.run(store.close())
            held = store._get_provider().online_store._conn
            if held:  # Feast's own store leaves it open
                held.close()


def _definitions(target: Target) -> dict[str, Any]:
    """As Feast itself loads them: a file that reads where the home is."""
    os.environ["FAREGATE_HOME"] = str(target.home.root)
    return run_path(str(PROJECT / "feature_repo" / "definitions.py"))


def _config(conninfo: str, folder: Path, kind: str) -> Any:
    from feast import RepoConfig

    parts = conninfo_to_dict(conninfo)
    return RepoConfig(
        project="bench",
        provider="local",
        registry=str(folder / "registry.db"),
        online_store={
            "type": kind,
            "host": parts["host"],
            "port": int(parts["port"] or 0),
            "database": parts["dbname"],
            "user": parts["user"],
            "password": parts["password"],
            "db_schema": SCHEMA,
            "sslmode": "disable",
        },
        offline_store={"type": "file"},
        entity_key_serialization_version=3,
        repo_path=folder,
    )


def feast_rows(client: Client, view: str, city: LivedCity, copies: int = 1) -> list[Any]:
    """What a Feast client hands to a store."""
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value

    from feature_repo.row_codec import decode_payload, slots
    from feature_repo.views import BY_NAME

    fields = slots(client.views[view], None)
    known_at = datetime.fromtimestamp(city.now_ms / 1000, UTC)
    join_key = BY_NAME[view].join_key
    return [
        (
            EntityKey(join_keys=[join_key], entity_values=[Value(string_val=entity_id + "_copy" * copy)]),
            decode_payload(payload, view, fields),
            known_at,
            known_at,
        )
        for copy in range(copies)
        for entity_id, payload in city.stored[view].items()
    ]

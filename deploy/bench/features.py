"""Feast's own Postgres store against ours on the same rows, and a vector from the bytes that are stored.

Everything is in a schema of its own, which is gone afterwards; the stack's own rows are not touched.
"""

import asyncio
import os
import tempfile
from argparse import ArgumentParser, Namespace
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from runpy import run_path
from statistics import median
from time import perf_counter, time_ns
from typing import Any, NamedTuple

import psycopg
from msgspec import json
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from app.feature_reader import SERVER_OPTIONS
from app.queries import query as api_query
from deploy.bench.benchmark import Result, Target, Tell
from deploy.bench.city.lived_city import LivedCity
from deploy.embedded import passwords
from deploy.embedded.home import PROJECT
from domain.catalogue import FEATURES
from domain.events import PaymentDecided, encode_event, event_time_ms
from domain.history import decode_history
from domain.online_store import VIEW_OF_KIND, WATERMARK_ENTITY, WATERMARK_VIEW
from domain.profile import decode_profile
from domain.transaction import Transaction
from domain.vector import observe, vector

SUMMARY = "reads, writes and vectors of the feature store, beside Feast's own Postgres store"
SCHEMA = "bench_features"  # named in these statements too
MAKE_SCHEMA = (
    "create schema bench_features",
    "create table bench_features.online_store (like public.online_store including all)",
    "create unlogged table bench_features.inflight (like public.inflight including all)",
)
REMOVE_SCHEMA = "drop schema if exists bench_features cascade"
THEIRS, OURS = "postgres", "feature_repo.postgres_row_store.PostgresRowOnlineStore"
KEY_OF_KIND = {
    "card": "card_id",
    "user": "user_id",
    "device": "device_id",
    "zone": "zone_id",
    "profile": "user_id",
}
VIEWS = [*(VIEW_OF_KIND[kind] for kind in KEY_OF_KIND), WATERMARK_VIEW]
WARM_UP = 20
COPIES = 5
IN_TURN = 20
decode_payment = json.Decoder(PaymentDecided).decode  # as the API reads what is in flight


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--reads", type=int, default=300, help="reads of each store (300)")
    parser.add_argument("--batches", type=int, default=3, help="times that 600 rows are written (3)")
    parser.add_argument("--vectors", type=int, default=4_000, help="vectors made (4,000)")


def run(target: Target, chosen: Namespace, tell: Tell) -> Result:
    tell("Folding a month of riders, and a burst of payments just now")
    city = LivedCity(now_ms=time_ns() // 1_000_000)
    owner = target.conninfo[passwords.OWNER]
    with _scratch_schema(owner), _client(target, THEIRS) as stock, _client(target, OURS) as ours:
        _fill((stock, ours), city)
        tell("Writing the same rows through both stores")
        stock_rows_s, ours_rows_s = _writes((stock, ours), city, chosen.batches)
        tell("Reading the same rows through both stores, and as the API does")
        stock_ms, ours_ms = _reads((stock, ours), city, chosen.reads)
        raw_ms = _raw_reads(owner, city, chosen.reads)
    tell(f"Making vectors of {len(FEATURES)} features from stored bytes")
    return {
        "stock_read_p50_ms": round(stock_ms, 3),
        "ours_read_p50_ms": round(ours_ms, 3),
        "read_ratio": round(stock_ms / ours_ms, 2),
        "stock_write_rows_s": round(stock_rows_s),
        "ours_write_rows_s": round(ours_rows_s),
        "write_ratio": round(ours_rows_s / stock_rows_s, 1),
        "raw_key_read_p50_ms": round(raw_ms, 3),
        "vector_p50_us": round(_vectors(city, chosen.vectors), 1),
    }


@contextmanager
def _scratch_schema(conninfo: str) -> Iterator[None]:
    """Tables like the stack's own, empty, in a schema that is gone afterwards."""
    with psycopg.connect(conninfo, autocommit=True) as owner:
        for statement in (REMOVE_SCHEMA, *MAKE_SCHEMA):
            owner.execute(statement)
        try:
            yield
        finally:
            owner.execute(REMOVE_SCHEMA)


class Client:
    """Feast with the stack's own definitions and one of the two stores."""

    def __init__(self, store: Any, views: list[Any]) -> None:
        self._store = store
        self.views = {view.name: view for view in views}
        self._features = [f"{view.name}:{field.name}" for view in views for field in view.features]

    def write(self, view: str, rows: list[Any]) -> None:
        self._store._get_provider().online_write_batch(self._store.config, self.views[view], rows, None)

    def read(self, keys: dict[str, str]) -> Any:
        return self._store.get_online_features(self._features, [keys], full_feature_names=True)


@contextmanager
def _client(target: Target, kind: str) -> Iterator[Client]:
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


def _fill(clients: tuple[Client, Client], city: LivedCity) -> None:
    for view in VIEWS:
        rows = _feast_rows(clients[0], view, city)
        for client in clients:
            client.write(view, rows)


def _writes(clients: tuple[Client, Client], city: LivedCity, batches: int) -> tuple[float, float]:
    """Rows a second through each; every batch is told to both, one after the other.

    A row is a history: of cards, riders and devices, each under a few names, so that a batch is a usual one.
    """
    rows = {view: _feast_rows(clients[0], view, city, COPIES) for view in VIEWS[:3]}
    seconds = [0.0, 0.0]
    for _ in range(batches):
        for view, batch in rows.items():
            for number, client in enumerate(clients):
                seconds[number] += _seconds(partial(client.write, view, batch))
    written = batches * sum(map(len, rows.values()))
    return written / seconds[0], written / seconds[1]


def _feast_rows(client: Client, view: str, city: LivedCity, copies: int = 1) -> list[Any]:
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


def _reads(clients: tuple[Client, Client], city: LivedCity, reads: int) -> tuple[float, float]:
    """Median milliseconds of each, asked in turn.

    Not one by one: Feast remembers how to answer a request, but for one registry at a time.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for begin in range(0, reads, IN_TURN):
        for client, taken in zip(clients, times, strict=True):
            client.read(city.keys(begin))
            for number in range(begin, begin + IN_TURN):
                taken.append(_seconds(partial(client.read, city.keys(number))) * 1e3)
    return median(times[0]), median(times[1])


def _raw_reads(conninfo: str, city: LivedCity, reads: int) -> float:
    """Median milliseconds of the API's own statement, which also puts the payment among those in flight."""
    with ExitStack() as opened:
        scratch = make_conninfo(conninfo, options=f"-c search_path={SCHEMA},public {SERVER_OPTIONS}")
        connection = opened.enter_context(psycopg.connect(scratch, autocommit=True))
        cursor = opened.enter_context(connection.cursor(binary=True))
        times = []
        for number in range(WARM_UP + reads):
            read = partial(_arrive, cursor, _arrival(city, number))
            times.append(_seconds(read) * 1e3)
            cursor.execute("delete from inflight")
        return median(times[WARM_UP:])


def _arrive(cursor: psycopg.Cursor[Any], arrival: dict[str, Any]) -> list[Any]:
    return cursor.execute(api_query("arrive"), arrival).fetchall()


def _arrival(city: LivedCity, number: int) -> dict[str, Any]:
    payment = city.payment(number)
    keys = city.keys(number)
    return {
        "transaction_id": payment.id,
        "card_id": payment.card_id,
        "user_id": payment.user_id,
        "device_id": payment.device_id,
        "at_ms": event_time_ms(payment),
        "event": encode_event(payment),
        "views": VIEWS,
        "entities": [*(keys[key] for key in KEY_OF_KIND.values()), WATERMARK_ENTITY],
    }


class Asked(NamedTuple):
    """A payment, and the bytes that the API would read for it."""

    transaction: Transaction
    card: bytes
    user: bytes
    device: bytes
    zone: bytes
    profile: bytes
    in_flight: bytes


def _vectors(city: LivedCity, vectors: int) -> float:
    """Median microseconds from the bytes of four histories, a profile and a payment in flight to float32."""
    asked = [_asked(city, number) for number in range(WARM_UP + vectors)]
    times = [_seconds(partial(_vector, city, each)) * 1e6 for each in asked]
    return median(times[WARM_UP:])


def _asked(city: LivedCity, number: int) -> Asked:
    keys = city.keys(number)
    card, user, device, zone, profile = (
        city.stored[VIEW_OF_KIND[kind]][keys[key]] for kind, key in KEY_OF_KIND.items()
    )
    waiting = encode_event(city.payment(number))
    return Asked(city.transaction(number), card, user, device, zone, profile, waiting)


def _vector(city: LivedCity, asked: Asked) -> "array[float]":
    moment = observe(
        transaction=asked.transaction,
        as_of_ms=city.now_ms,
        card=decode_history(asked.card),
        user=decode_history(asked.user),
        device=decode_history(asked.device),
        zone=decode_history(asked.zone),
        profile=decode_profile(asked.profile),
        pulse=city.pulse,
        in_flight=[decode_payment(asked.in_flight)],
    )
    return vector(moment)


def _seconds(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began

"""Feast's Postgres online store with one row an entity and view in place of one a feature.

The table is made by `faregate migrate`, never by `feast apply`. What is in flight is read from the API's own
table by the same statement.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NoReturn

import psycopg
from feast import Entity, FeatureView, RepoConfig, ValueType
from feast.infra.online_stores.postgres_online_store.postgres import (
    PostgreSQLOnlineStore,
    PostgreSQLOnlineStoreConfig,
)
from feast.infra.utils.postgres.connection_utils import (
    _get_conn,
    _get_conn_async,
    _get_connection_pool,
    _get_connection_pool_async,
)
from feast.infra.utils.postgres.postgres_config import ConnectionType
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from psycopg import AsyncConnection, Connection
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from domain.errors import FaregateError
from feature_repo.online_response import Plans, Read, fill
from feature_repo.online_rows import (
    REMOVE_VIEWS,
    UPSERT,
    Key,
    Row,
    Stored,
    is_in_flight,
    newest,
    read_statement,
    stored,
    upsert_parameters,
)
from feature_repo.row_codec import decode_payload, encode_payload, entity_id, slots

STORE_TYPE = "feature_repo.postgres_row_store.PostgresRowOnlineStore"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
Written = tuple[EntityKey, dict[str, Value], datetime, datetime | None]
Answer = tuple[datetime | None, dict[str, Value] | None]


class TableMissing(FaregateError):
    """The database has no online_store table."""

    def __init__(self) -> None:
        super().__init__("the database has no table online_store: run `faregate migrate`, then apply again")


class PostgresRowOnlineStoreConfig(PostgreSQLOnlineStoreConfig):  # type: ignore[misc]  # feast is untyped
    type: Literal["feature_repo.postgres_row_store.PostgresRowOnlineStore"] = STORE_TYPE  # type: ignore[assignment]


class InFlightIsReadOnly(FaregateError):
    """A payment in flight is written by the API and by nobody else."""

    def __init__(self, view: str) -> None:
        super().__init__(f"{view} shows what the API has under way and cannot be written through Feast")


class PostgresRowOnlineStore(PostgreSQLOnlineStore):  # type: ignore[misc]  # feast is untyped
    """Answers as Feast's own store does, except that

    - a row older than the stored one is not written: older by (epoch, version) where the view has these two
      fields, by event timestamp where it has not;
    - the views of what is in flight cannot be written, and have empty lists where nothing is in flight;
    - a write replaces the whole row, the fields that it leaves out included;
    - a field of a view of ours that is null or left out has that field's default;
    - view names are shared by all projects;
    - there is no search over vectors or text and no reading of older versions of a view.
    """

    _conn: Connection | None
    _conn_pool: ConnectionPool | None
    _conn_async: AsyncConnection | None
    _conn_pool_async: AsyncConnectionPool | None

    def __init__(self) -> None:
        self._plans = Plans()

    @contextmanager
    def _get_conn(self, config: RepoConfig, autocommit: bool = False) -> Iterator[Connection]:
        """Given back on every path; Feast's own keeps it when the body raises."""
        settings = config.online_store
        if settings.conn_type == ConnectionType.pool:
            if not self._conn_pool:
                self._conn_pool = _get_connection_pool(settings)
                self._conn_pool.open()
            with self._conn_pool.connection() as connection:
                connection.set_autocommit(autocommit)
                yield connection
            return
        if self._conn is None or self._conn.closed:
            self._conn = _get_conn(settings)
        connection = self._conn
        try:
            connection.set_autocommit(autocommit)
            yield connection
        finally:
            if not connection.closed:
                connection.rollback()

    @asynccontextmanager
    async def _get_conn_async(
        self, config: RepoConfig, autocommit: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        settings = config.online_store
        if settings.conn_type == ConnectionType.pool:
            if not self._conn_pool_async:
                self._conn_pool_async = await _get_connection_pool_async(settings)
                await self._conn_pool_async.open()
            async with self._conn_pool_async.connection() as connection:
                await connection.set_autocommit(autocommit)
                yield connection
            return
        if self._conn_async is None or self._conn_async.closed:
            self._conn_async = await _get_conn_async(settings)
        connection = self._conn_async
        try:
            await connection.set_autocommit(autocommit)
            yield connection
        finally:
            if not connection.closed:
                await connection.rollback()

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[Written],
        progress: Callable[[int], Any] | None,
    ) -> None:
        if is_in_flight(table.name):
            raise InFlightIsReadOnly(table.name)
        rows = newest(_row(table.name, written) for written in data)
        if rows:
            with self._get_conn(config, autocommit=True) as connection:
                connection.execute(UPSERT, upsert_parameters(rows), prepare=True)
        if progress:
            progress(len(data))

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[Answer]:
        keys = [entity_id(key) for key in entity_keys]
        rows = self._read(config, [(table.name, key) for key in keys])
        return _answers(table, keys, requested_features, rows)

    async def online_read_async(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[Answer]:
        keys = [entity_id(key) for key in entity_keys]
        rows = await self._read_async(config, [(table.name, key) for key in keys])
        return _answers(table, keys, requested_features, rows)

    @staticmethod
    def _prepare_keys(entity_keys: list[EntityKey], _serialization_version: int) -> list[str]:
        return [entity_id(key) for key in entity_keys]

    def _read_features_per_fv(
        self, config: RepoConfig, grouped: Any, values: Any, join_keys: Any, *response: Any
    ) -> None:
        """All views of a request in one round trip, whatever their number."""
        reads = self._prepare_batched_reads(config, grouped, values, join_keys)
        self._answer_request(reads, self._read(config, _keys_of(reads)), *response)

    async def _read_features_per_fv_async(
        self, config: RepoConfig, grouped: Any, values: Any, join_keys: Any, *response: Any
    ) -> None:
        reads = self._prepare_batched_reads(config, grouped, values, join_keys)
        self._answer_request(reads, await self._read_async(config, _keys_of(reads)), *response)

    def _answer_request(
        self, reads: Any, rows: Stored, response: Any, full_names: bool, with_version: bool
    ) -> None:
        for read in reads:
            plan = self._plans.of(read.table, read.requested_features)
            found = [rows.get((read.table.name, key)) for key in read.keys]
            share = Read(read.table, read.requested_features, read.idxs, read.output_len)
            fill(response, share, plan, found, full_names=full_names, with_version=with_version)

    def _build_feature_types(self, grouped: Any) -> dict[str, ValueType]:
        types: dict[str, ValueType] = {}
        for view, wanted in grouped:
            types |= self._plans.of(view, wanted).types
        return types

    def _read(self, config: RepoConfig, keys: list[Key]) -> Stored:
        with self._get_conn(config, autocommit=True) as connection:
            return stored(keys, connection.execute(*read_statement(keys), prepare=True, binary=True))

    async def _read_async(self, config: RepoConfig, keys: list[Key]) -> Stored:
        async with self._get_conn_async(config, autocommit=True) as connection:
            cursor = await connection.execute(*read_statement(keys), prepare=True, binary=True)
            return stored(keys, await cursor.fetchall())

    def update(  # noqa: PLR0917 - Feast's signature
        self,
        config: RepoConfig,
        tables_to_delete: Sequence[FeatureView],
        tables_to_keep: Sequence[FeatureView],  # noqa: ARG002 - they share one table
        entities_to_delete: Sequence[Entity],  # noqa: ARG002 - Feast's signature
        entities_to_keep: Sequence[Entity],  # noqa: ARG002 - Feast's signature
        partial: bool,  # noqa: ARG002 - Feast's signature
    ) -> None:
        self._remove(config, tables_to_delete)

    def teardown(
        self,
        config: RepoConfig,
        tables: Sequence[FeatureView],
        entities: Sequence[Entity],  # noqa: ARG002 - Feast's signature
    ) -> None:
        self._remove(config, tables)

    async def close(self) -> None:
        """Give back every connection; the next call opens new ones."""
        for held in (self._conn, self._conn_pool):
            if held:
                held.close()
        for held_async in (self._conn_async, self._conn_pool_async):
            if held_async:
                await held_async.close()
        self._conn = self._conn_pool = self._conn_async = self._conn_pool_async = None

    def _remove(self, config: RepoConfig, tables: Sequence[FeatureView]) -> None:
        try:
            with self._get_conn(config, autocommit=True) as connection:
                connection.execute(REMOVE_VIEWS, ([table.name for table in tables],))
        except psycopg.errors.UndefinedTable:
            raise TableMissing from None

    def _is_versioned_read_supported(self) -> bool:
        return False

    def retrieve_online_documents(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(f"{STORE_TYPE} keeps whole rows and has no search over documents")

    retrieve_online_documents_v2 = retrieve_online_documents


def _row(view: str, written: Written) -> Row:
    key, values, event_time, _created = written
    known_at = event_time.replace(tzinfo=event_time.tzinfo or UTC)
    known_at_us = (known_at - _EPOCH) // _MICROSECOND
    versioned = "epoch" in values and "version" in values
    return Row(
        view=view,
        entity_id=entity_id(key),
        epoch=values["epoch"].int64_val if versioned else 0,
        version=values["version"].int64_val if versioned else known_at_us,
        known_at_us=known_at_us,
        payload=encode_payload(view, values),
    )


def _answers(table: FeatureView, keys: list[str], wanted: list[str] | None, rows: Stored) -> list[Answer]:
    fields = slots(table, wanted)
    return [_answer(table.name, rows.get((table.name, key)), fields) for key in keys]


def _answer(view: str, row: tuple[datetime | None, bytes] | None, fields: list[tuple[str, str]]) -> Answer:
    """As Feast's own store has it, a row without any of the wanted fields is no row."""
    values = decode_payload(row[1], view, fields) if row else {}
    return (row[0], values) if row and values else (None, None)


def _keys_of(reads: Any) -> list[Key]:
    return [(read.table.name, key) for read in reads for key in read.keys]

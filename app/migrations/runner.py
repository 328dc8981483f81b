"""Applies the steps in this folder in order, one transaction each, under one advisory lock."""

from dataclasses import dataclass
from importlib.resources import files

import psycopg

from domain.errors import FaregateError

ROLES = (
    "faregate_owner", "faregate_api", "faregate_relay", "faregate_writer", "faregate_learner",
    "faregate_console", "faregate_keeper",
)  # fmt: skip
_LOCK = 0x6661_7265_6761_7465  # "faregate": held while one process migrates

_FIND_VERSION = "select coalesce(max(version), 0) from schema_version"
_VERSION_TABLE = """
create table if not exists schema_version (
    version    integer primary key,
    name       text not null,
    applied_at timestamptz not null default clock_timestamp()
);
grant select on schema_version
to faregate_api, faregate_relay, faregate_writer, faregate_learner, faregate_console, faregate_keeper;
"""


class MigrationRefused(FaregateError):
    """The database is not in a state that the migrations can start from."""


class SchemaMismatch(FaregateError):
    """The database's schema is not the one this code was written for."""

    def __init__(self, found: int, wanted: int) -> None:
        step = "run `faregate migrate`" if found < wanted else "start the release that migrated it"
        super().__init__(
            f"the database has schema version {found}, this release works with version {wanted}: {step}"
        )


@dataclass(frozen=True, kw_only=True)
class Migration:
    version: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """Every step in order; the numbers run from 1 without a gap."""
    steps = [
        Migration(version=int(file.name[:4]), name=file.name[5:-4], sql=file.read_text("utf-8"))
        for file in files("app.migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    steps.sort(key=lambda step: step.version)
    assert [step.version for step in steps] == list(range(1, len(steps) + 1))  # noqa: S101 - ours to get right
    return steps


def latest_version() -> int:
    return migrations()[-1].version


def migrate(conninfo: str) -> int:
    """Apply what is missing as the owner and say how many steps that was.

    Raises MigrationRefused when a role is missing and SchemaMismatch when the database is ahead of this code.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        _require_roles(connection)
        connection.execute("set client_min_messages = warning")
        connection.execute(_VERSION_TABLE)
        done = _version_in(connection)
        if done > latest_version():
            raise SchemaMismatch(done, latest_version())
        missing = migrations()[done:]
        for step in missing:
            _apply(connection, step)
        return len(missing)


def check_schema(connection: psycopg.Connection) -> None:
    """Raise SchemaMismatch unless the database has exactly the schema this code was written for."""
    try:
        found = _version_in(connection)
    except psycopg.errors.UndefinedTable:
        found = 0
    _require_latest(found)


async def check_schema_async(connection: psycopg.AsyncConnection) -> None:
    """As check_schema."""
    try:
        cursor = await connection.execute(_FIND_VERSION)
        row = await cursor.fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    _require_latest(row[0] if row else 0)


def _require_latest(found: int) -> None:
    if found != latest_version():
        raise SchemaMismatch(found, latest_version())


def _require_roles(connection: psycopg.Connection) -> None:
    rows = connection.execute("select rolname from pg_roles where rolname = any(%s)", (list(ROLES),))
    missing = sorted(set(ROLES) - {name for (name,) in rows})
    if missing:
        raise MigrationRefused(
            f"the database has no role {', '.join(missing)}: `faregate up` creates them, "
            "elsewhere an administrator does with `create role … login`"
        )


def _version_in(connection: psycopg.Connection) -> int:
    row = connection.execute(_FIND_VERSION).fetchone()
    return int(row[0]) if row else 0


def _apply(connection: psycopg.Connection, step: Migration) -> None:
    with connection.transaction():
        connection.execute(step.sql.encode())
        connection.execute(
            "insert into schema_version (version, name) values (%s, %s)", (step.version, step.name)
        )

"""The database as the console's role may use it: the one that PG* variables name, else the local stack's."""

import getpass
from collections.abc import Mapping
from typing import Any

import psycopg

from app.migrations import check_schema
from deploy.cli.running import running
from deploy.embedded import passwords
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home, read_json
from deploy.embedded.postgres import Postgres

ROLE = "faregate_console"


def connect(home: Home, env: Mapping[str, str]) -> psycopg.Connection[Any]:
    """Raises StackError when there is no database to be reached, and SchemaMismatch for another release's."""
    where = "" if env.get("PGHOST") else _local(home)
    try:
        connection = psycopg.connect(where, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        told = str(error).splitlines()[0]
        raise StackError(
            f"PostgreSQL does not answer: {told}. Check the PG* variables, or that it runs."
        ) from error
    check_schema(connection)
    return connection


def _local(home: Home) -> str:
    running(home)
    port = read_json(home.addresses)["ports"]["postgres"]
    return Postgres(home=home, port=port, passwords=passwords.load(home.secrets)).conninfo(ROLE)


def who(env: Mapping[str, str]) -> str:
    """Who makes a change, as far as this machine knows."""
    return env.get("FAREGATE_ANALYST") or getpass.getuser()

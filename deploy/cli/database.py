"""Which database a command works on: the one that PG* variables name, else the local stack's."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deploy.cli.running import running
from deploy.embedded import passwords
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home, read_json
from deploy.embedded.postgres import Postgres

if TYPE_CHECKING:
    import psycopg

CONSOLE = "faregate_console"


def conninfo(home: Home, env: Mapping[str, str], role: str) -> str:
    """Raises StackError when no database is named and no stack runs."""
    return "" if env.get("PGHOST") else local_conninfo(home, role)


def local_conninfo(home: Home, role: str) -> str:
    running(home)
    port = read_json(home.addresses)["ports"]["postgres"]
    return Postgres(home=home, port=port, passwords=passwords.load(home.secrets)).conninfo(role)


def connect(home: Home, env: Mapping[str, str], role: str = CONSOLE) -> "psycopg.Connection[Any]":
    """Raises StackError when there is no database to be reached, and SchemaMismatch for another release's."""
    import psycopg

    from app.migrations import check_schema

    try:
        connection = psycopg.connect(conninfo(home, env, role), autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        told = str(error).splitlines()[0]
        raise StackError(
            f"PostgreSQL does not answer: {told}. Check the PG* variables, or that it runs."
        ) from error
    check_schema(connection)
    return connection

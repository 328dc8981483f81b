"""How pages read PostgreSQL: typed rows, and every fault of the database as one sentence."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from msgspec import convert
from psycopg.rows import kwargs_row
from psycopg_pool import PoolTimeout

from app.migrations import SchemaMismatch, check_schema
from dashboard.database import STATEMENT_LIMIT_S, Pool
from domain.errors import Retryable

Row = TypeVar("Row")
Values = Mapping[str, Any]


class ReadingsUnavailable(Retryable):
    """What a page needs cannot be read now; the message says why and what to do."""


@contextmanager
def reading(pool: Pool) -> Iterator[psycopg.Connection]:
    """A connection that may only read; every fault of the database is raised as ReadingsUnavailable."""
    try:
        with pool.connection() as connection:
            check_schema(connection)
            yield connection
    except SchemaMismatch as mismatch:
        raise ReadingsUnavailable(_sentence(str(mismatch))) from mismatch
    except psycopg.errors.QueryCanceled as slow:
        raise ReadingsUnavailable(
            f"The database took more than {STATEMENT_LIMIT_S:.0f} s to answer. Choose a shorter period, "
            "or look at what else keeps it busy."
        ) from slow
    except (psycopg.OperationalError, PoolTimeout) as away:
        raise ReadingsUnavailable(
            "The database does not answer, so nothing can be shown. See `faregate status`; "
            "`faregate up` starts what is down. This page comes back by itself."
        ) from away
    except psycopg.errors.InsufficientPrivilege as refused:
        raise ReadingsUnavailable(
            f"The database refuses: {_first_line(refused)}. The dashboard reads as the role that PGUSER "
            "names; faregate_console is the one that may."
        ) from refused


def rows_of(
    query: Callable[[str], bytes],
) -> Callable[[psycopg.Connection, type[Row], str, Values], list[Row]]:
    """Reads a named statement's rows as values of a type; columns are named as its fields."""

    def rows(connection: psycopg.Connection, row: type[Row], name: str, values: Values) -> list[Row]:
        def typed(**columns: Any) -> Row:
            return convert(columns, row)

        with connection.cursor(row_factory=kwargs_row(typed)) as cursor:
            return cursor.execute(query(name), values).fetchall()

    return rows


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _first_line(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)

"""The ledger's rows in the order in which they are sealed, each with its digest."""

from collections.abc import Iterator
from heapq import merge
from operator import attrgetter
from typing import Any

import psycopg
from psycopg.rows import class_row

from app.keeper.seal import LedgerRow, Position, Seal, row_digest
from app.queries import queries_of

TABLES = ("decisions", "labels", "outcomes")
FORMATS = (1, 2)
READ_AHEAD = 2_000
FOR_EVER = 2**63 - 1
query = queries_of(__file__)


def connect(name: str, conninfo: str = "") -> psycopg.Connection:
    """One on which times read the same whatever the server's settings; commits each statement by itself."""
    return psycopg.connect(
        conninfo,
        autocommit=True,
        application_name=f"faregate {name}",
        connect_timeout=5,
        tcp_user_timeout=3000,
        options="-c timezone=UTC -c datestyle=ISO,YMD -c statement_timeout=60s",
    )


def settled_xact(connection: psycopg.Connection) -> int:
    """No row of an earlier transaction will ever appear."""
    row = connection.execute(query("settled_xact")).fetchone()
    assert row is not None, "this statement always gives one row"  # noqa: S101 - both sides
    return int(row[0])


def last_seal(connection: psycopg.Connection) -> Seal | None:
    return connection.cursor(row_factory=class_row(Seal), binary=True).execute(query("last_seal")).fetchone()


def next_rows(
    connection: psycopg.Connection, after: Position, before_xact: int, most: int, format_: int
) -> list[LedgerRow]:
    """The first rows from a position on, at most so many."""
    found = [
        _read(format_, connection.execute(_rows_query(table, format_), wanted, binary=True))
        for table in TABLES
        for wanted in [_wanted(after, before_xact, most)]
    ]
    return list(merge(*found, key=attrgetter("position")))[:most]


class RowStream:
    """All rows from the oldest on, in one transaction, in parts. A part may be of another format."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._cursors: list[psycopg.ServerCursor[Any]] = []
        self._format = 0
        self._rows: Iterator[LedgerRow] = iter(())
        self._next: LedgerRow | None = None
        self._at = Position(0)

    def take_to(self, end: Position, format_: int) -> Iterator[LedgerRow]:
        """The rows up to and with `end`, from where the last part ended."""
        if format_ != self._format:
            self._open(format_)
        while self._next is not None and self._next.position <= end:
            yield self._next
            self._next = next(self._rows, None)
        self._at = max(self._at, end)

    def close(self) -> None:
        for cursor in self._cursors:
            cursor.close()
        self._cursors = []

    def _open(self, format_: int) -> None:
        self.close()
        self._format = format_
        for table in TABLES:
            cursor = self._connection.cursor(name=f"{table}_{format_}")
            cursor.itersize = READ_AHEAD
            cursor.execute(_rows_query(table, format_), _wanted(self._at, FOR_EVER, None), binary=True)
            self._cursors.append(cursor)
        self._rows = merge(*(_read(format_, cursor) for cursor in self._cursors), key=attrgetter("position"))
        self._next = next(self._rows, None)


def _rows_query(table: str, format_: int) -> bytes:
    return query(f"{table}_{format_}")


def _wanted(after: Position, before_xact: int, most: int | None) -> dict[str, object]:
    return {
        "after_xact": str(after.xact),
        "after_id": after.id,
        "before_xact": str(before_xact),
        "limit": most,
    }


def _read(format_: int, rows: Iterator[tuple[Any, ...]]) -> Iterator[LedgerRow]:
    for row in rows:
        yield LedgerRow(Position(row[0], row[1]), row_digest(format_, row))

"""Entries in the journal's tables: each function is one short transaction, and raises sqlite3.Error."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from app.journal.marks import Marked, MarkedKept
from app.journal.packing import pack, unpack
from app.journal.sqlite_file import query
from app.ports import JournalEntry

_BEGIN, _COMMIT, _ROLLBACK = "begin immediate", "commit", "rollback"
_PLACE, _WAIT, _ANSWER, _FIND = query("place"), query("wait"), query("answer"), query("find")
MOST_YOUNG = 200  # entries before those that are looked for, if clocks were set meanwhile
Row = tuple[int, str, str, str, bytes, int, bytes | None, bytes | None, bytes | None]


def find(cursor: sqlite3.Cursor, key: tuple[str, str]) -> JournalEntry | None:
    """By tenant and key; raises ValueError if the answer cannot be unpacked."""
    row = cursor.execute(_FIND, key).fetchone()
    return None if row is None else _entry(row)


def find_transaction(cursor: sqlite3.Cursor, transaction_id: str) -> JournalEntry | None:
    row = cursor.execute(query("find_transaction"), (transaction_id,)).fetchone()
    return None if row is None else _entry(row)


def place(cursor: sqlite3.Cursor, entry: JournalEntry) -> int | None:
    """The entry's place, or None if its key or transaction has one already."""
    cursor.execute(_BEGIN)
    try:
        placed = _insert_key(cursor, entry)
        if placed is None:
            cursor.execute(_ROLLBACK)
            return None
        if entry.row is None:
            cursor.execute(_ANSWER, (pack(entry.reply), placed, entry.transaction_id))
        else:
            cursor.execute(_WAIT, (placed, entry.reply, entry.row))
        cursor.execute(_COMMIT)
    except BaseException:
        _undo(cursor)
        raise
    return placed


def answer(cursor: sqlite3.Cursor, marked: list[Marked]) -> None:
    """Drop the rows of what PostgreSQL has, and keep the answers."""
    packed = [(pack(each.entry.reply), each.id, each.entry.transaction_id) for each in marked if each.id]
    with _transaction(cursor):
        cursor.executemany(_ANSWER, packed)
        for each in marked:
            if not each.id:
                _answer_otherwise(cursor, each.entry)


def pending(
    connection: sqlite3.Connection, before_ms: int, passed_over: MarkedKept, limit: int
) -> list[JournalEntry]:
    """The oldest from before `before_ms`, at most `limit`, of the first that wait."""
    looked_at = limit + len(passed_over) + MOST_YOUNG
    found: list[JournalEntry] = []
    with closing(connection.cursor()) as cursor:
        for row in cursor.execute(query("pending"), (looked_at, before_ms)):
            if len(found) == limit:
                break
            if (row[1], row[2]) not in passed_over:
                found.append(_entry(row))
    return found


def count_waiting(connection: sqlite3.Connection, most: int) -> int:
    return int(connection.execute(query("count_waiting"), (most,)).fetchone()[0])


def forget(cursor: sqlite3.Cursor, before_ms: int, after: int, limit: int) -> tuple[int, int]:
    """Forget those of the `limit` keys behind the place `after` that are older and do not wait.

    Gives how many, and the place to go on from, or 0 when nothing older comes behind it.
    """
    rows = cursor.execute(query("oldest"), (after, limit)).fetchall()
    old = [(place, waits) for place, at_ms, waits in rows if at_ms < before_ms]
    ids = [(place,) for place, waits in old if not waits]
    if ids:
        with _transaction(cursor):
            cursor.executemany(query("forget_answer"), ids)
            cursor.executemany(query("forget_key"), ids)
    return len(ids), old[-1][0] if old else 0


def _insert_key(cursor: sqlite3.Cursor, entry: JournalEntry) -> int | None:
    cursor.execute(_PLACE, (entry.tenant, entry.key, entry.transaction_id, entry.fingerprint, entry.at_ms))
    return cursor.lastrowid if cursor.rowcount > 0 else None


def _answer_otherwise(cursor: sqlite3.Cursor, entry: JournalEntry) -> None:
    """An entry that the file lacks, has from another process, or has with another request or reply."""
    row = cursor.execute(_FIND, (entry.tenant, entry.key)).fetchone()
    placed, transaction_id = (row[0], row[3]) if row else (_insert_key(cursor, entry), entry.transaction_id)
    if placed is None:
        return  # its transaction stands under another key, which is the one that counts
    cursor.execute(query("replace_fingerprint"), (entry.fingerprint, placed))
    cursor.execute(_ANSWER, (pack(entry.reply), placed, transaction_id))


def _entry(row: Row) -> JournalEntry:
    _, tenant, key, transaction_id, fingerprint, at_ms, reply, waits, packed = row
    if reply is None:
        if packed is None:
            raise ValueError(f"the answer of {transaction_id} is gone")
        reply = unpack(packed)
    return JournalEntry(
        tenant=tenant,
        key=key,
        transaction_id=transaction_id,
        fingerprint=fingerprint,
        reply=reply,
        row=waits,
        at_ms=at_ms,
    )


@contextmanager
def _transaction(cursor: sqlite3.Cursor) -> Iterator[None]:
    cursor.execute(_BEGIN)
    try:
        yield
        cursor.execute(_COMMIT)
    except BaseException:
        _undo(cursor)
        raise


def _undo(cursor: sqlite3.Cursor) -> None:
    if cursor.connection.in_transaction:
        cursor.execute(_ROLLBACK)

"""Where list entries are added, removed and looked up by people: every change is a version of the lists."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from psycopg.rows import dict_row

from app.letters import in_letters
from app.queries import queries_of
from app.rules.errors import ListRefused
from app.rules.lists import MAX_ENTRIES, Entries, Entry, ListName, field_of
from app.rules.version import new_version, newest_versions

Connection = psycopg.Connection[Any]
MAX_AT_ONCE = 10_000
query = queries_of(__file__)


class ListedEntry(Struct, frozen=True, kw_only=True):
    """An entry for people."""

    entry_id: str
    list: ListName
    field: str
    value: str
    expires_at: datetime | None
    added_at: datetime
    changed_by: str
    why: str
    removed: bool


class ListStore:
    """`connection` commits by itself; as console or owner. Methods raise ListRefused and psycopg's errors."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def version(self) -> int:
        return newest_versions(self._connection).lists

    def as_of(self, version: int) -> Entries:
        """The lists that a decision with this version was made by."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(query("lists"), {"version": version}).fetchall()
        return Entries(version, msgspec.convert(rows, list[Entry]))

    def add(
        self,
        list_name: ListName,
        values: Sequence[str],
        *,
        expires_at_ms: int | None = None,
        by: str,
        why: str = "",
    ) -> list[Entry]:
        """Put values on a list in one change; one that stood there already gets the new expiry."""
        if not 0 < len(values) <= MAX_AT_ONCE:
            raise ListRefused(
                f"{len(values)} values were given: from 1 to {MAX_AT_ONCE:,} can be added at once"
            )
        entries = [_entry(list_name, value, expires_at_ms) for value in dict.fromkeys(values)]
        with self._connection.transaction():
            version = new_version(self._connection, "lists", by=by, why=why)
            with self._connection.cursor() as cursor:
                rows = [{**msgspec.structs.asdict(entry), "version": version} for entry in entries]
                cursor.executemany(query("end_equal_entry"), rows)
                cursor.executemany(query("add_entry"), rows)
            self._require_room()
        return entries

    def remove(self, entry_ids: Sequence[str], *, by: str, why: str = "") -> int:
        """Take entries off their lists in one change; the new version of the lists."""
        with self._connection.transaction():
            version = new_version(self._connection, "lists", by=by, why=why)
            for entry_id in entry_ids:
                gone = self._connection.execute(
                    query("end_entry"), {"entry_id": entry_id, "version": version}
                )
                if not gone.fetchone():
                    raise ListRefused(
                        f"there is no entry {entry_id[:80]} on a list: `faregate lists list` shows all; "
                        "nothing was removed"
                    )
        return version

    def entries(
        self,
        *,
        list_name: ListName | None = None,
        value: str | None = None,
        with_removed: bool = False,
        limit: int = 200,
    ) -> list[ListedEntry]:
        """The newest first; `value` is a value or an entry's id."""
        wanted = {
            "list": list_name,
            "value": value,
            "with_removed": with_removed,
            "limit": min(limit, 10_000),
        }
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return msgspec.convert(cursor.execute(query("entries"), wanted).fetchall(), list[ListedEntry])

    def _require_room(self) -> None:
        row = self._connection.execute(query("count_entries")).fetchone()
        if row and row[0] > MAX_ENTRIES:
            raise ListRefused(
                f"the lists would hold {row[0]:,} entries, {MAX_ENTRIES:,} are allowed: remove old ones, "
                "or give entries an expiry; nothing was added"
            )


def _entry(list_name: ListName, value: str, expires_at_ms: int | None) -> Entry:
    return Entry(
        entry_id=f"entry_{in_letters(secrets.token_hex(10))}",
        list=list_name,
        field=field_of(value),
        value=value,
        expires_at_ms=expires_at_ms,
    )

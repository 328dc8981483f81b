"""Who did what: the audit trail as people read it."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.rows import dict_row

from app.desk.desk import Connection, query


class Told(Struct, frozen=True, kw_only=True):
    """A deed; `role` is the one that the person had then, `subject` the id that it was done to."""

    audit_id: int
    at: datetime
    person_id: str
    role: str
    action: str
    subject: str
    details: dict[str, Any]


def told_of(connection: Connection, subject: str, most: int = 50) -> list[Told]:
    """The newest first."""
    return _read(connection, "told_of", {"subject": subject, "most": most})


def newest(
    connection: Connection,
    *,
    person_id: str | None = None,
    action: str | None = None,
    before_id: int | None = None,
    most: int = 100,
) -> list[Told]:
    """The newest first; the next page is before the last one's audit_id."""
    asked = {"person_id": person_id, "action": action, "before_id": before_id, "most": most}
    return _read(connection, "newest_told", asked)


def _read(connection: Connection, name: str, values: dict[str, Any]) -> list[Told]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return msgspec.convert(cursor.execute(query(name), values).fetchall(), list[Told])

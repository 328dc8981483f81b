"""Every write of the console: one transaction in which the role is read anew and the deed is written down."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from psycopg_pool import ConnectionPool, PoolTimeout

from app.desk.errors import DeskUnavailable, NotAllowed
from app.desk.people import Person, Role
from app.queries import queries_of

Pool = ConnectionPool[psycopg.Connection[Any]]
Connection = psycopg.Connection[Any]
query = queries_of(__file__)


class Deed(Struct, frozen=True, kw_only=True):
    """What the audit trail keeps: `action` is `noun.verb`, `subject` the id it was done to.

    `key` is of one click: a deed with a key that is there already is not done again.
    """

    action: str
    subject: str = ""
    details: Mapping[str, Any] = {}
    key: str | None = None


class Desk:
    """Raises DeskUnavailable while the database is away."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    @contextmanager
    def writing(self, person_id: str, least: Role = Role.ANALYST) -> Iterator[tuple[Connection, Person]]:
        """A transaction of someone whose role, as of now, is at least `least`; raises NotAllowed."""
        with self._reaching(), self.pool.connection() as connection, connection.transaction():
            yield connection, _require(connection, person_id, least)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._reaching(), self.pool.connection() as connection:
            yield connection

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.OperationalError, PoolTimeout) as away:
            raise DeskUnavailable(
                "The database does not answer. Nothing was changed: try again in a moment; "
                "`faregate status` says what is down."
            ) from away
        except psycopg.errors.UndefinedTable as missing:
            raise DeskUnavailable(
                "The database has the schema of another release: `faregate migrate` brings it up to date."
            ) from missing


def write_down(connection: Connection, person: Person, deed: Deed) -> bool:
    """Add a deed to the audit trail; False when its key is there: the click was counted before."""
    row = {
        "person_id": person.person_id,
        "role": person.role,
        "action": deed.action,
        "subject": deed.subject,
        "details": json.dumps(dict(deed.details)),
        "key": deed.key,
    }
    return connection.execute(query("write_down"), row).fetchone() is not None


def _require(connection: Connection, person_id: str, least: Role) -> Person:
    row = connection.execute(query("person_now"), {"person_id": person_id}).fetchone()
    if row is None:
        raise NotAllowed(f"{person_id} may not work here any more: ask an admin, or sign in anew.")
    person = msgspec.convert(dict(zip(Person.__struct_fields__, row, strict=True)), Person)
    if not person.role.allows(least):
        raise NotAllowed(f"Only a {least} may do this, and {person.name} is {_a(person.role)}: ask one.")
    return person


def _a(role: Role) -> str:
    return f"an {role}" if role[0] == "a" else f"a {role}"

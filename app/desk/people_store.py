"""The people who may sign in, as the owner of the database adds and changes them."""

import json
import re
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct, convert
from psycopg.rows import dict_row

from app.desk import passwords
from app.desk.desk import query
from app.desk.errors import DeskRefused
from app.desk.people import Role

Connection = psycopg.Connection[Any]
OWNER = "owner"  # of the database, who is above the roles
_ID = re.compile(r"[a-z][a-z0-9._-]{1,39}")


class Listed(Struct, frozen=True, kw_only=True):
    """`signs_in` says how: "password", "email" or not at all ("")."""

    person_id: str
    name: str
    role: Role
    email: str | None
    signs_in: str
    created_at: datetime
    disabled_at: datetime | None
    signed_in_at: datetime | None


class PeopleStore:
    """`connection` commits by itself, as owner for changes, which are written down as done `by` somebody;
    the console may read. Methods raise DeskRefused."""

    def __init__(self, connection: Connection, by: str = OWNER) -> None:
        self._connection = connection
        self._by = by

    def add(
        self, person_id: str, *, name: str, role: Role, email: str | None = None, password: str | None = None
    ) -> None:
        """With an email the person comes from the OpenID provider, with a password from the sign-in page."""
        _require(person_id, name, email)
        row = {
            "person_id": person_id,
            "name": name,
            "role": role,
            "email": email.lower() if email else None,
            "password": _kept(password) if password is not None else None,
        }
        try:
            with self._connection.transaction():
                if self._connection.execute(query("add_person"), row).fetchone() is None:
                    raise DeskRefused(
                        f"{person_id} is there already: `faregate people list` shows everybody."
                    )
                self._write_down("person.add", person_id, {"role": role})
        except psycopg.errors.UniqueViolation:
            raise DeskRefused(
                f"Somebody else has the email {email}. `faregate people list` shows who."
            ) from None

    def everybody(self) -> list[Listed]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return convert(cursor.execute(query("everybody")).fetchall(), list[Listed])

    def set_role(self, person_id: str, role: Role) -> None:
        """Counts from the person's next click on."""
        self._change("set_role", person_id, {"role": role})

    def set_password(self, person_id: str, password: str) -> None:
        """Ends the sessions that the old one opened."""
        self._change("set_password", person_id, {"password": _kept(password)}, ends_sessions=True)

    def disable(self, person_id: str) -> None:
        """From now on; what the person did stays on record."""
        self._change("disable", person_id, {}, ends_sessions=True)

    def _change(
        self, name: str, person_id: str, values: dict[str, Any], *, ends_sessions: bool = False
    ) -> None:
        with self._connection.transaction():
            if self._connection.execute(query(name), {"person_id": person_id, **values}).fetchone() is None:
                raise DeskRefused(f"There is no {person_id[:80]}: `faregate people list` shows everybody.")
            if ends_sessions:
                self._connection.execute(query("end_sessions"), {"person_id": person_id})
            told = {"role": values["role"]} if "role" in values else {}
            self._write_down(f"person.{name}", person_id, told)

    def _write_down(self, action: str, person_id: str, details: dict[str, Any]) -> None:
        row = {
            "person_id": self._by,
            "role": OWNER,
            "action": action,
            "subject": person_id,
            "details": json.dumps(details),
            "key": None,
        }
        self._connection.execute(query("write_down"), row)


def ensure_people(connection: Connection, staff: dict[str, Role], password: str) -> None:
    """Those of a local stack who are not there yet, named by their ids."""
    store = PeopleStore(connection)
    known = {person.person_id for person in store.everybody()}
    for person_id, role in staff.items():
        if person_id not in known:
            store.add(person_id, name=person_id.title(), role=role, password=password)


def _kept(password: str) -> bytes:
    if len(password) < passwords.LEAST_CHARACTERS:
        raise DeskRefused(f"The password is too short: {passwords.LEAST_CHARACTERS} characters at least.")
    return passwords.kept(password)


def _require(person_id: str, name: str, email: str | None) -> None:
    if not _ID.fullmatch(person_id):
        raise DeskRefused(
            f"{person_id[:80]!r} cannot be used: 2 to 40 of a-z, 0-9, . _ and -, a letter first."
        )
    if not 1 <= len(name) <= 80:
        raise DeskRefused("The name must have 1 to 80 characters.")
    if email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise DeskRefused(f"{email[:80]!r} is no email address.")

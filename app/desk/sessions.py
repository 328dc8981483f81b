"""Signing in and out: the browser keeps a token, the database its hash."""

import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from typing import Any

from msgspec import convert
from psycopg.rows import dict_row

from app.desk import passwords
from app.desk.desk import Deed, Desk, query, write_down
from app.desk.errors import DeskRefused
from app.desk.people import Person

SESSION_HOURS = 12
MOST_WRONG = 5  # a minute
PAUSE_S = 60.0
MOST_NAMES = 10_000
WRONG = "Name or password is wrong. Try again, or ask an admin for a new password."


class SignInRefused(DeskRefused):
    """Whoever it is may not come in."""


class WrongPasswords:
    """How often a name met a wrong password lately, in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MOST_WRONG))
        self._lock = Lock()

    def require_patience(self, name: str) -> None:
        """Raises SignInRefused for a minute after too many."""
        with self._lock:
            wrong = self._wrong.get(name, deque())
            if len(wrong) == MOST_WRONG and self._clock() - wrong[0] < PAUSE_S:
                wait_s = PAUSE_S - (self._clock() - wrong[0])
                raise SignInRefused(
                    f"{MOST_WRONG} wrong passwords within a minute: wait {wait_s:.0f} s, then try again."
                )

    def add(self, name: str) -> None:
        with self._lock:
            if len(self._wrong) >= MOST_NAMES:
                self._wrong.clear()
            self._wrong[name].append(self._clock())

    def forget(self, name: str) -> None:
        with self._lock:
            self._wrong.pop(name, None)


class Sessions:
    """Methods raise DeskUnavailable while the database is away."""

    def __init__(self, desk: Desk, wrong: WrongPasswords | None = None) -> None:
        self._desk = desk
        self._wrong = wrong or WrongPasswords()

    def sign_in(self, name: str, password: str) -> str:
        """A new session's token, for somebody who knows the password; raises SignInRefused."""
        person_id = name.strip().lower()[:80]
        self._wrong.require_patience(person_id)
        with self._desk.reading() as connection:
            row = connection.execute(query("password_of"), {"person_id": person_id}).fetchone()
        if not passwords.matches(password, row[0] if row else None):
            self._wrong.add(person_id)
            raise SignInRefused(WRONG)
        self._wrong.forget(person_id)
        return self.open(person_id, how="password")

    def open(self, person_id: str, *, how: str) -> str:
        """The token of a session that ends after SESSION_HOURS; raises NotAllowed."""
        token = secrets.token_urlsafe(32)
        with self._desk.writing(person_id) as (connection, person):
            connection.execute(query("forget_old_sessions"))
            row = {"token_hash": _hash(token), "person_id": person_id, "hours": SESSION_HOURS}
            connection.execute(query("open_session"), row)
            write_down(
                connection, person, Deed(action="person.sign_in", subject=person_id, details={"how": how})
            )
        return token

    def person(self, token: str) -> Person | None:
        """Whose session it is, with the role of now; None once it ended."""
        return self._found("person_of_session", {"token_hash": _hash(token)})

    def person_of_email(self, email: str) -> Person | None:
        """Whom an OpenID provider means."""
        return self._found("person_of_email", {"email": email.lower()})

    def close(self, token: str) -> None:
        """Whoever copied the token is out as well."""
        person = self.person(token)
        if person is None:
            return
        with self._desk.writing(person.person_id) as (connection, _):
            connection.execute(query("close_session"), {"token_hash": _hash(token)})
            write_down(connection, person, Deed(action="person.sign_out", subject=person.person_id))

    def _found(self, name: str, values: dict[str, Any]) -> Person | None:
        with self._desk.reading() as connection, connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(query(name), values).fetchone()
        return convert(row, Person) if row else None


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()

"""People, alerts and a desk on the tests' database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from ledger_rows import add_decision

from app.desk.cases import CaseDesk
from app.desk.desk import Desk
from dashboard.database import open_writing_pool

STAFF = (
    ("ana", "Ana", "analyst"),
    ("ben", "Ben", "analyst"),
    ("lea", "Lea", "lead"),
    ("ada", "Ada", "admin"),
)


class CaseRoom:
    """`owner` may do everything; the desk works with the console's rights."""

    def __init__(self, owner: psycopg.Connection[Any], desk: Desk) -> None:
        self.owner = owner
        self.desk = desk
        self.cases = CaseDesk(desk)
        self._clicks = 0

    def alert(self, **given: Any) -> str:
        """The decision_id of a new case."""
        return str(add_decision(self.owner, **{"verdict": "review", **given})["decision_id"])

    def click(self) -> str:
        self._clicks += 1
        return f"click-{self._clicks}"

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.owner.execute(statement.encode(), values or None).fetchall()

    def words(self, decision_id: str) -> list[str]:
        """What the ledger keeps of a decision, in order."""
        asked = "select label from labels where decision_id = %s order by labelled_at"
        return [label for (label,) in self.rows(asked, decision_id)]

    def deeds(self, subject: str) -> list[str]:
        asked = "select action from audit_trail where subject = %s order by audit_id"
        return [action for (action,) in self.rows(asked, subject)]


@contextmanager
def open_room(conninfo: Callable[[str], str]) -> Iterator[CaseRoom]:
    pool = open_writing_pool(conninfo("faregate_console"))
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        owner.cursor().executemany("insert into people (person_id, name, role) values (%s, %s, %s)", STAFF)
        yield CaseRoom(owner, Desk(pool))
    pool.close()

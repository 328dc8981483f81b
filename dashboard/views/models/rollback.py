"""A rollback by a lead: the API's processes load the former champion, then one transaction moves both."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

import psycopg
from msgspec import Struct

from app.desk.desk import Connection, Deed, Desk, write_down
from app.desk.errors import DeskRefused, DeskUnavailable
from app.desk.people import Role
from domain.errors import FaregateError
from scoring.registry import MoveRefused, Promotion, Registry

ACTION = "model.rollback"
WAIT_S = 30.0


class Rollback(Struct, frozen=True, kw_only=True):
    """`failed` is the champion that the person saw, `former` who takes over; `key` is of one click."""

    failed: str
    former: str
    person_id: str
    why: str
    key: str


def roll_back(desk: Desk, asked: Rollback, *, wait_s: float = WAIT_S) -> Promotion:
    """Waits for the processes; raises DeskRefused, MoveRefused, DeskUnavailable. Nothing is moved then."""
    if not asked.why.strip():
        raise DeskRefused("Say why, for those who ask later.")
    with desk.writing(asked.person_id, Role.LEAD):
        pass  # nobody shall load a model for somebody who may not ask for it
    try:
        with desk.pool.connection() as connection:
            registry = Registry(connection, moving=lambda: _moving(desk, asked))
            _require_as_seen(registry, asked)
            return registry.rollback(by=asked.person_id, why=asked.why.strip(), wait_s=wait_s)
    except psycopg.OperationalError as away:
        raise DeskUnavailable(
            "The database went away meanwhile. Look at the history below before you try again."
        ) from away


@contextmanager
def _moving(desk: Desk, asked: Rollback) -> Iterator[Connection]:
    """The role is read again, and the click is counted, in the transaction that moves the models."""
    with desk.writing(asked.person_id, Role.LEAD) as (connection, person):
        details = {"failed": asked.failed, "why": asked.why.strip()}
        deed = Deed(action=ACTION, subject=asked.former, details=details, key=asked.key)
        if not write_down(connection, person, deed):
            raise MoveRefused("This rollback was done before: nothing was changed.")
        yield connection


def _require_as_seen(registry: Registry, asked: Rollback) -> None:
    champion, former = registry.champion(), registry.former_champion()
    if champion is None or former is None:
        raise MoveRefused("No model was champion before this one: there is nobody to go back to.")
    if (champion.version, former.version) != (asked.failed, asked.former):
        raise DeskRefused(
            f"Meanwhile {champion.version} decides, and {former.version} was before it. Nothing was changed: "
            "look again, then decide."
        )


class Result(Struct, frozen=True, kw_only=True):
    """`refused` says why nothing was changed."""

    asked: Rollback
    promotion: Promotion | None = None
    refused: str = ""


class Rollbacks:
    """Runs one rollback at a time beside the pages, which look how far it is."""

    def __init__(self, run: Callable[[Rollback], Promotion]) -> None:
        self._run = run
        self._executor = ThreadPoolExecutor(1, "rollback")
        self._lock = Lock()
        self._under_way: tuple[Rollback, Future[Result]] | None = None

    def start(self, asked: Rollback) -> None:
        """The same click again changes nothing; raises DeskRefused while another one runs."""
        with self._lock:
            if self._under_way:
                before, future = self._under_way
                if before.key == asked.key:
                    return
                if not future.done():
                    raise DeskRefused(
                        f"{before.person_id} rolls back to {before.former} just now: wait for it."
                    )
            self._under_way = asked, self._executor.submit(self._result, asked)

    def running(self) -> Rollback | None:
        with self._lock:
            if self._under_way and not self._under_way[1].done():
                return self._under_way[0]
            return None

    def newest(self) -> Result | None:
        """What became of the last one."""
        with self._lock:
            if self._under_way and self._under_way[1].done():
                return self._under_way[1].result()
            return None

    def _result(self, asked: Rollback) -> Result:
        try:
            return Result(asked=asked, promotion=self._run(asked))
        except FaregateError as refused:
            return Result(asked=asked, refused=str(refused))

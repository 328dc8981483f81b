"""The first phase of a promotion: every process of the API that lives loads the model and says so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from msgspec import Struct
from psycopg.rows import scalar_row, tuple_row

from domain.models import CHANNEL
from scoring.queries import queries_of
from scoring.registry.errors import PromotionRefused

ALIVE_S = 5.0  # a process that was not seen for so long decides nothing
LOOK_EVERY_S = 0.05
query = queries_of(__file__)


class Readiness(Struct, frozen=True):
    """What the living processes have said since they were asked, by process."""

    ready: tuple[str, ...]
    silent: tuple[str, ...]
    refusals: dict[str, str]


@contextmanager
def prepared(
    connection: psycopg.Connection[Any], version: str, *, by: str, wait_s: float
) -> Iterator[tuple[str, ...]]:
    """Within, the wish stands and the processes given have the model ready; none where none lives.

    Raises PromotionRefused, which names the process and its reason. The wish is withdrawn in any case; one
    whose asker was killed ends by itself.
    """
    asked_at = _wish(connection, version, by=by, wait_s=wait_s)
    try:
        yield _wait(connection, version, asked_at, wait_s)
    finally:
        connection.execute(query("withdraw"), {"version": version, "asked_at": asked_at})


def _wish(connection: psycopg.Connection[Any], version: str, *, by: str, wait_s: float) -> datetime:
    with connection.transaction(), connection.cursor(row_factory=scalar_row) as cursor:
        cursor.execute(query("wish"), {"version": version, "by": by, "wait_s": wait_s + ALIVE_S})
        asked_at = cursor.fetchone()
        assert isinstance(asked_at, datetime), "an upsert returns its row"  # noqa: S101 - both sides
        cursor.execute(query("notify"), {"channel": CHANNEL, "version": version})
    return asked_at


def _wait(
    connection: psycopg.Connection[Any], version: str, asked_at: datetime, wait_s: float
) -> tuple[str, ...]:
    deadline = time.monotonic() + wait_s
    while True:
        found = readiness(connection, version, asked_at)
        if found.refusals:
            process, reason = next(iter(found.refusals.items()))
            raise PromotionRefused(
                f"{process} cannot serve {version}: {reason}. The models in service stay as they are."
            )
        if not found.silent:
            return found.ready
        if time.monotonic() >= deadline:
            raise PromotionRefused(
                f"{', '.join(found.silent)} did not have {version} ready within {wait_s:g} s. The models in "
                "service stay as they are; the API's log says what it does. Try again when it is done."
            )
        time.sleep(LOOK_EVERY_S)


def readiness(connection: psycopg.Connection[Any], version: str, asked_at: datetime) -> Readiness:
    """Of the processes seen within ALIVE_S, what each has said of the model since `asked_at`."""
    wanted = {"version": version, "asked_at": asked_at, "alive_s": ALIVE_S}
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(query("readiness"), wanted).fetchall()
    return Readiness(
        ready=tuple(process for process, told, refused in rows if told and refused is None),
        silent=tuple(process for process, told, _ in rows if not told),
        refusals={process: refused for process, _, refused in rows if refused is not None},
    )

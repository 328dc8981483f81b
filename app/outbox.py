"""The outbox as the relay sees it: events that stand in PostgreSQL and not yet in Kafka."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import psycopg
from msgspec import Struct
from psycopg.rows import class_row

from app.queries import query

Send = Callable[[list["Message"]], list[int]]


class Message(Struct, frozen=True, kw_only=True):
    id: int
    topic: str
    key: str
    payload: bytes
    created_ms: int


class Passed(Struct, frozen=True, kw_only=True):
    """What became of one batch."""

    taken: int
    sent: int


class Settled(Struct, frozen=True, kw_only=True):
    """Every message from before `until` was sent; both instants are on the database's clock."""

    now: datetime
    until: datetime


class Outbox(Protocol):
    def pass_on(self, send: Send, limit: int) -> Passed:
        """Give the oldest unsent messages to `send`, and mark those sent whose ids it returns.

        No other relay has them meanwhile. If anything fails in between, they stay unsent.
        """

    def settled(self) -> Settled:
        """How far everything was sent."""

    def wait(self, timeout_s: float) -> None:
        """Return when there may be something new, at the latest after `timeout_s`."""


class PostgresOutbox:
    """On one connection that commits each statement by itself."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        connection.execute(query("listen"))

    def pass_on(self, send: Send, limit: int) -> Passed:
        with self._connection.transaction():
            cursor = self._connection.cursor(row_factory=class_row(Message), binary=True)
            messages = cursor.execute(query("take_unsent"), {"limit": limit}).fetchall()
            sent = send(messages) if messages else []
            if sent:
                self._connection.execute(query("mark_sent"), {"ids": sent})
        return Passed(taken=len(messages), sent=len(sent))

    def settled(self) -> Settled:
        row = self._connection.execute(query("settled")).fetchone()
        assert row is not None, "this statement always gives one row"  # noqa: S101 - both sides
        now, waiting_since = row
        return Settled(now=now, until=waiting_since or now)

    def wait(self, timeout_s: float) -> None:
        for _ in self._connection.notifies(timeout=timeout_s, stop_after=1):
            pass

"""One statement, prepared on connections of its own: for what every payment asks.

Parameters and results are PostgreSQL's binary forms. psycopg connects, and its wrapper of libpq sends and
receives; its cursors and pool would take several times as long on the event loop.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import generators, pq
from psycopg.errors import error_from_result

from app.binary import ENCODERS, Encode
from app.postgres import connect_settings
from app.queries import Numbered

LINES = 6
MOST_WAITING = 256
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
REST_S = 0.02
STUCK_S = 10.0  # a line that has not answered for so long is made anew
_NAME = b"only"
log = logging.getLogger("faregate.postgres")


class LinesBusy(psycopg.OperationalError):
    """More questions wait than can be answered in time."""


class _Line:
    """A connection with the statement prepared on it; one question at a time."""

    def __init__(self, connection: psycopg.AsyncConnection, encoders: list[Encode]) -> None:
        self.connection = connection
        self.encoders = encoders
        self._pgconn = connection.pgconn
        self.socket = connection.pgconn.socket
        self._formats = [pq.Format.BINARY] * len(encoders)
        self._asked: asyncio.Future[pq.abc.PGresult] | None = None
        self.asked_at = 0.0

    def ask(self, arguments: Sequence[Any]) -> "asyncio.Future[pq.abc.PGresult]":
        loop = asyncio.get_running_loop()
        parameters = [
            None if value is None else encode(value)
            for encode, value in zip(self.encoders, arguments, strict=True)
        ]
        self._asked, self.asked_at = loop.create_future(), loop.time()
        self._pgconn.send_query_prepared(
            _NAME, parameters, param_formats=self._formats, result_format=pq.Format.BINARY
        )
        if self._pgconn.flush():
            loop.add_writer(self.socket, self._writable)
        return self._asked

    def _writable(self) -> None:
        try:
            if not self._pgconn.flush():
                asyncio.get_running_loop().remove_writer(self.socket)
        except psycopg.Error as error:
            self.fail(error)

    def readable(self) -> bool:
        """Take in what came; True when the answer is whole. Raises psycopg.OperationalError."""
        self._pgconn.consume_input()
        if self._pgconn.is_busy():
            return False
        last = None
        while (result := self._pgconn.get_result()) is not None:
            last = result
        if self._asked is None:
            if self._pgconn.status != pq.ConnStatus.OK:
                raise psycopg.OperationalError("the connection was lost while nothing was asked")
            return False
        asked, self._asked = self._asked, None
        if last is None or last.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            error = _error(last)
            if self._pgconn.status != pq.ConnStatus.OK:
                error = psycopg.OperationalError(f"the connection was lost: {error}")
            if not asked.done():
                asked.set_exception(error)
            raise error
        if not asked.done():
            asked.set_result(last)
        return True

    def fail(self, error: BaseException) -> None:
        asked, self._asked = self._asked, None
        if asked and not asked.done():
            asked.set_exception(error)


class Prepared:
    """Asks `statement`; use `prepared` to make one. Every failure is a psycopg.Error.

    A line that failed is made anew in the background. How long to wait for a free one is the caller's choice.
    """

    def __init__(self, statement: Numbered, connect: Callable[[], Any], lines: int) -> None:
        self._statement = statement
        self._connect = connect
        self._free: deque[_Line] = deque()
        self._lines: set[_Line] = set()
        self._waiting: deque[asyncio.Future[_Line]] = deque()
        self._mending: set[asyncio.Task[None]] = set()
        self._mending_one = asyncio.Lock()
        self._wanted = lines

    async def open(self) -> None:
        """Raises psycopg.OperationalError."""
        for line in await asyncio.gather(*(self._made() for _ in range(self._wanted))):
            self._join(line)

    async def ask(self, values: Mapping[str, Any]) -> pq.abc.PGresult:
        """The result, its values in binary; a KeyError for a parameter that is missing."""
        line = self._free.popleft() if self._free else await self._next_free()
        try:
            asked = line.ask(self._statement.arguments(values))
        except psycopg.Error as error:
            self._lose(line, error)
            raise
        except BaseException:
            self._give_back(line)
            raise
        return await asked

    async def close(self) -> None:
        for task in self._mending:
            task.cancel()
        await asyncio.gather(*self._mending, return_exceptions=True)
        for line in list(self._lines):
            line.fail(psycopg.OperationalError("the connection is being closed"))
            self._end(line)

    async def _next_free(self) -> _Line:
        self._drop_stuck()
        if len(self._waiting) >= MOST_WAITING:
            raise LinesBusy(f"{MOST_WAITING} questions wait for a connection")
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            line: _Line = await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self._give_back(waiting.result())
            raise
        return line

    def _give_back(self, line: _Line) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(line)
                return
        self._free.append(line)

    def _on_readable(self, line: _Line) -> None:
        try:
            answered = line.readable()
        except psycopg.Error as error:
            self._lose(line, error)
        else:
            if answered:
                self._give_back(line)

    def _drop_stuck(self) -> None:
        now = asyncio.get_running_loop().time()
        for line in [line for line in self._lines if line not in self._free]:
            if line.asked_at and now - line.asked_at > STUCK_S:
                self._lose(line, psycopg.OperationalError(f"no answer for {STUCK_S:.0f} s"))

    def _lose(self, line: _Line, error: BaseException) -> None:
        """Fail who asked on it, and make another."""
        if line not in self._lines:
            return
        line.fail(error)
        if line in self._free:
            self._free.remove(line)
        task = asyncio.create_task(self._mend())
        self._mending.add(task)
        task.add_done_callback(self._mending.discard)
        self._end(line)

    async def _mend(self) -> None:
        """One at a time, with rests: to prove a password takes milliseconds that payments would wait."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async with self._mending_one:
                    self._join(await self._made())
                    await asyncio.sleep(REST_S)
            except psycopg.Error as error:
                log.debug("no new connection yet: %s", error)
            else:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    async def _made(self) -> _Line:
        connection: psycopg.AsyncConnection = await self._connect()
        try:
            return _Line(connection, await _prepare(connection, self._statement.sql))
        except BaseException:
            await connection.close()
            raise

    def _join(self, line: _Line) -> None:
        self._lines.add(line)
        asyncio.get_running_loop().add_reader(line.socket, self._on_readable, line)
        self._give_back(line)

    def _end(self, line: _Line) -> None:
        self._lines.discard(line)
        loop = asyncio.get_running_loop()
        loop.remove_reader(line.socket)
        loop.remove_writer(line.socket)
        line.connection.pgconn.finish()


@asynccontextmanager
async def prepared(
    name: str,
    statement: Numbered,
    *,
    conninfo: str = "",
    patience_s: float,
    server_options: str = "",
    lines: int = LINES,
) -> AsyncIterator[Prepared]:
    """The statement on so many connections; raises psycopg.OperationalError if they cannot be made.

    The server works on it for `patience_s` at most.
    """
    settings = connect_settings(name, patience_s, server_options)

    def connect() -> Any:
        return psycopg.AsyncConnection.connect(conninfo, **settings)

    made = Prepared(statement, connect, lines)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def _prepare(connection: psycopg.AsyncConnection, sql: bytes) -> list[Encode]:
    """How each parameter is encoded, as the server understood the statement."""
    pgconn = connection.pgconn
    pgconn.send_prepare(_NAME, sql)
    await _succeeded(connection)
    pgconn.send_describe_prepared(_NAME)
    described = await _succeeded(connection)
    return [ENCODERS[described.param_type(number)] for number in range(described.nparams)]


async def _succeeded(connection: psycopg.AsyncConnection) -> pq.abc.PGresult:
    result: pq.abc.PGresult
    [result] = await connection.wait(generators.execute(connection.pgconn))
    if result.status != pq.ExecStatus.COMMAND_OK:
        raise _error(result)
    return result


def _error(result: pq.abc.PGresult | None) -> psycopg.Error:
    return psycopg.OperationalError("no answer came") if result is None else error_from_result(result)

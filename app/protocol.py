"""HTTP as the API's server speaks it: callers who do not come to the point are shown out.

uvicorn waits for the rest of a head or a body for ever; a few slow callers would hold all connections.
"""

import asyncio
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, assert_never

from msgspec import json
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app import problems
from app.problems import ProblemBody, encode_problem

HEAD_PATIENCE_S = 5.0
BODY_PATIENCE_S = 5.0
IDLE_S = 75.0
MOST_HEAD_BYTES = 16 * 1024
_HEADERS = (
    b"content-type: application/problem+json\r\n"
    b"x-content-type-options: nosniff\r\n"
    b"cache-control: no-store\r\n"
    b"connection: close\r\n"
)


class Awaited(Enum):
    CALL = auto()  # the first one of a connection, which may be opened long before
    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


class ImpatientProtocol(HttpToolsProtocol):
    """A call that comes whole, as nearly all do, costs no timer."""

    idle_s = IDLE_S
    head_patience_s = HEAD_PATIENCE_S
    body_patience_s = BODY_PATIENCE_S

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._awaited = Awaited.CALL
        self._patience: asyncio.TimerHandle | None = None
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._awaited
        if before is Awaited.CALL:
            self._awaited = Awaited.HEAD
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._awaited is Awaited.NOTHING:
            self._stop_waiting()
            return
        if self._awaited is Awaited.HEAD:
            self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES:
            self._show_out(431, _plain(431, f"a head may have {MOST_HEAD_BYTES:,} bytes at most"))
        elif self._awaited is not before or self._patience is None:
            self._wait()

    def on_message_begin(self) -> None:
        self._awaited, self._head_bytes = Awaited.HEAD, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._awaited, self._head_bytes = Awaited.BODY, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._awaited = Awaited.NOTHING
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to what is not HTTP, as a problem."""
        self._show_out(400, _plain(400, msg))

    def _wait(self) -> None:
        self._stop_waiting()
        match self._awaited:
            case Awaited.CALL:
                self._patience = self.loop.call_later(self.idle_s, self.transport.close)
            case Awaited.HEAD:
                self._patience = self.loop.call_later(self.head_patience_s, self._lose_patience)
            case Awaited.BODY:
                self._patience = self.loop.call_later(self.body_patience_s, self._lose_patience)
            case Awaited.NOTHING:
                pass
            case _:
                assert_never(self._awaited)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        seconds = self.head_patience_s if self._awaited is Awaited.HEAD else self.body_patience_s
        what = self._awaited.name.lower()
        detail = f"the {what} of the call did not come whole within {seconds:g} s"
        self._show_out(408, encode_problem(problems.REQUEST_TIMEOUT, detail, None))

    def _show_out(self, status: int, problem: bytes) -> None:
        """Says why, unless an answer is under way or still owed to a call before this one."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self._may_still_answer():
            length = b"content-length: %d\r\n\r\n" % len(problem)
            self.transport.write(b"".join((STATUS_LINE[status], _HEADERS, length, problem)))
        self.transport.close()

    def _may_still_answer(self) -> bool:
        if self.pipeline:
            return False
        if self.cycle is None or self.cycle.response_complete:
            return True
        return self._awaited is Awaited.BODY and not self.cycle.response_started


def _plain(status: int, detail: str) -> bytes:
    title = HTTPStatus(status).phrase
    return json.encode(ProblemBody(type="about:blank", title=title, status=status, detail=detail))

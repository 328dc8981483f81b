"""Keep-alive connections, one request at a time on each; more are opened while all are busy."""

import select
import socket
import time
from collections import deque
from typing import NamedTuple

from deploy.bench.load.wire import Unreadable, answer_in

MOST = 256  # below the 1,024 file descriptors that select knows
PATIENCE_S = 5.0
CONNECT_S = 1.0
_CHUNK = 64 * 1024
_SWEEP_EVERY_S = 0.25
NO_ANSWER = 0


class Call(NamedTuple):
    """`keeps_body`: whether anybody looks at the answer's body afterwards."""

    kind: str
    request: bytes
    keeps_body: bool = True


class Outcome(NamedTuple):
    """Times in seconds of the monotonic clock; status 0 when no answer came."""

    kind: str
    due: float
    ended: float
    status: int
    body: bytes

    @property
    def seconds(self) -> float:
        """From when it was due, however late it was sent."""
        return self.ended - self.due


class _Line:
    """A connection and what it waits for."""

    __slots__ = ("call", "due", "fresh", "received", "sent_at", "socket")

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=CONNECT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fresh = True  # nothing was asked on it: the server cannot have grown tired of it
        self.received = b""

    def fileno(self) -> int:
        return self.socket.fileno()

    def ask(self, call: Call, due: float) -> None:
        self.call, self.due, self.sent_at, self.received = call, due, time.monotonic(), b""
        self.socket.sendall(call.request)


class Connections:
    """Not thread-safe: one thread sends and collects."""

    def __init__(self, host: str, port: int, most: int = MOST) -> None:
        self._address = (host, port)
        self._most = most
        self._idle: list[_Line] = []
        self._busy: set[_Line] = set()
        self._waiting: deque[tuple[Call, float]] = deque()
        self._next_sweep = 0.0
        self.outcomes: list[Outcome] = []

    @property
    def unanswered(self) -> int:
        return len(self._busy) + len(self._waiting)

    def open(self, number: int) -> None:
        """Beforehand, so that no request pays for it; raises OSError when nobody listens."""
        while len(self._idle) < min(number, self._most):
            self._idle.append(_Line(self._address))

    def send(self, call: Call, due: float) -> None:
        """Sends now; or, when all connections are busy, as soon as one is free."""
        if not self._idle and len(self._busy) >= self._most:
            self._waiting.append((call, due))
            return
        try:
            line = self._idle.pop() if self._idle else _Line(self._address)
            self._ask(line, call, due)
        except OSError:
            self._end(call, due, NO_ANSWER, b"")

    def collect(self, timeout_s: float) -> None:
        """Takes in what comes until `timeout_s` is over; returns earlier after anything came."""
        ready, _, _ = select.select(self._busy, (), (), max(0.0, timeout_s))
        for line in ready:
            self._take(line)
        if time.monotonic() >= self._next_sweep:
            self._sweep()

    def close(self) -> None:
        for line in (*self._idle, *self._busy):
            line.socket.close()
        self._idle.clear()
        self._busy.clear()

    def _ask(self, line: _Line, call: Call, due: float) -> None:
        try:
            line.ask(call, due)
        except OSError:
            if line.fresh:
                line.socket.close()
                raise
            line.socket.close()
            line = _Line(self._address)
            line.ask(call, due)
        self._busy.add(line)

    def _take(self, line: _Line) -> None:
        try:
            chunk = line.socket.recv(_CHUNK)
            line.received += chunk
            answered = answer_in(line.received)
        except (OSError, Unreadable):
            self._drop(line)
            return
        if answered:
            self._busy.remove(line)
            self._end(line.call, line.due, answered.status, answered.body)
            if answered.closes:
                line.socket.close()
            else:
                line.fresh = False
                self._idle.append(line)
            self._next()
        elif not chunk:
            self._closed(line)

    def _closed(self, line: _Line) -> None:
        """A kept connection may end just when it is used again: then the server saw nothing of the call."""
        if line.fresh or line.received:
            self._drop(line)
            return
        self._busy.remove(line)
        line.socket.close()
        try:
            self._ask(_Line(self._address), line.call, line.due)
        except OSError:
            self._end(line.call, line.due, NO_ANSWER, b"")

    def _drop(self, line: _Line) -> None:
        self._busy.remove(line)
        line.socket.close()
        self._end(line.call, line.due, NO_ANSWER, b"")
        self._next()

    def _next(self) -> None:
        if self._waiting:
            self.send(*self._waiting.popleft())

    def _end(self, call: Call, due: float, status: int, body: bytes) -> None:
        kept = body if call.keeps_body else b""
        self.outcomes.append(Outcome(call.kind, due, time.monotonic(), status, kept))

    def _sweep(self) -> None:
        now = time.monotonic()
        self._next_sweep = now + _SWEEP_EVERY_S
        for line in [line for line in self._busy if now - line.sent_at > PATIENCE_S]:
            self._drop(line)

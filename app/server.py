"""The HTTP server of one worker, on a socket that is bound already."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn

from app.protocol import IDLE_S, ImpatientProtocol
from app.workers import BACKLOG, LISTEN_FD, READY_FD, bound

DRAIN_S = 5
MOST_CONNECTIONS = 1_024
# A decision makes thousands of objects and hardly a cycle: it need not be looked over several times.
GC_THRESHOLDS = (20_000, 20, 20)
ECHO_PATH = "/echo"
_MOST_ECHOED = 64 * 1024

Scope = dict[str, Any]
App = Callable[[Scope, Any, Any], Any]


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn's own way raises them again before our connections are closed."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    def end(self) -> None:
        """The first time: no new calls, those under way are finished. The second time: at once."""
        self.force_exit = self.should_exit
        self.should_exit = True


async def serve_app(
    app: App, listening: socket.socket, *, on_ready: Callable[[], None] = lambda: None, echo: bool = False
) -> None:
    """Until SIGTERM or SIGINT. `on_ready`: calls are taken now. `echo`: /echo gives a body back."""
    server = _Server(
        uvicorn.Config(
            with_echo(app) if echo else app,
            http=ImpatientProtocol,
            ws="none",
            access_log=False,
            log_config=None,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=int(IDLE_S),
            timeout_graceful_shutdown=DRAIN_S,
        ),
        on_ready,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.end)
    gc.collect()
    gc.freeze()  # what stands now stays: later collections need not look at it
    gc.set_threshold(*GC_THRESHOLDS)
    await server.serve(sockets=[listening])


def listening_socket(env: Mapping[str, str], host: str, port: int) -> socket.socket:
    """The one that the parent of the workers bound, else one of our own; raises OSError."""
    if LISTEN_FD in env:
        return socket.socket(fileno=int(env[LISTEN_FD]))
    return bound(host, port)


def telling_parent(env: Mapping[str, str]) -> Callable[[], None]:
    """What a worker calls once it takes calls; nothing without a parent."""
    if READY_FD not in env:
        return lambda: None
    descriptor = int(env[READY_FD])

    def tell() -> None:
        os.write(descriptor, b"1")
        os.close(descriptor)

    return tell


def with_echo(app: App) -> App:
    """The application, and a bare route beside it that gives a body back: the yardstick of benchmarks."""

    async def echoing(scope: Scope, receive: Any, send: Any) -> None:
        if scope["path"] == ECHO_PATH:
            await _echo(receive, send)
        else:
            await app(scope, receive, send)

    return echoing


async def _echo(receive: Any, send: Any) -> None:
    body, more = b"", True
    while more and len(body) <= _MOST_ECHOED:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    kept = body[:_MOST_ECHOED]
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-length", b"%d" % len(kept)),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": kept})

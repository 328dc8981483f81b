"""API processes with something odd about them: a clock that is ahead, or a death at a chosen moment.

Run as a process it reads one order a line, forks a worker for each and says its pid: what all of them import
is imported once.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
import uvloop
from msgspec import Struct

from app import assembly
from app import main as worker
from app.ledger import PostgresLedger
from app.ledger_row import decode_row
from app.metrics import Metrics
from app.queries import query
from app.server import bound, serve_app
from app.settings import ApiSettings
from app.stages import Stage

DIES_AFTER = {
    "read": Stage.READ,
    "scored": Stage.ASSESS,
    "claimed": Stage.CLAIM,
    "committed": Stage.KEEP,
}
MOMENTS = (*DIES_AFTER, "inserted", "half-sent")


class Order(Struct, frozen=True, kw_only=True):
    """`death` is one of MOMENTS; `ahead_ms` is added to the process's clock."""

    port: int
    death: str | None = None
    ahead_ms: int = 0


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalMetrics(Metrics):
    last: Stage

    def stage(self, name: str, seconds: float) -> None:
        super().stage(name, seconds)
        if name == self.last:
            die()


async def insert_and_die(ledger: PostgresLedger, row: bytes) -> bytes:
    """The row is written and not committed."""
    async with ledger._pool.connection() as connection, connection.transaction():
        cursor: psycopg.AsyncCursor[Any] = connection.cursor(binary=True)
        await cursor.execute(query("record_decision"), decode_row(row))
        die()
    raise AssertionError("it died")


class HalfSending:
    """Dies when half of a decision's reply was handed to the network."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def half(message: dict[str, Any]) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            body = message["body"]
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
            die()

        await self._app(scope, receive, half if scope["path"] == "/v1/transactions" else send)


async def serve(order: Order, listening: socket.socket) -> None:
    settings = ApiSettings.from_env(os.environ)
    metrics = Metrics()
    if order.death in DIES_AFTER:
        metrics = MortalMetrics()
        metrics.last = DIES_AFTER[order.death]
    if order.death == "inserted":
        PostgresLedger.insert = insert_and_die  # type: ignore[method-assign]
    real_now_ms = assembly.now_ms
    assembly.now_ms = lambda: real_now_ms() + order.ahead_ms
    async with assembly.api(settings, metrics) as app:
        await serve_app(HalfSending(app) if order.death == "half-sent" else app, listening)


def main() -> None:
    assert worker.main, "what a worker imports is imported before the first fork"
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        listening = bound("127.0.0.1", order.port)
        pid = os.fork()
        if pid == 0:
            uvloop.run(serve(order, listening))
            os._exit(0)
        listening.close()
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    main()

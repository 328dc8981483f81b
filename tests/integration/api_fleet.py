"""Several API processes on one host, and callers that retry."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
from api_process import environment
from factories import a_body
from msgspec import json as fast_json
from odd_api import Order
from waiting import eventually

from app.access.keys import new_secret
from app.access.store import ensure_local_key
from deploy.embedded import ports
from deploy.embedded.home import PROJECT

HERE = Path(__file__).parent


@dataclass(kw_only=True)
class Fleet:
    """`start` gives the port of a new process; all share a database, a journal and a key."""

    forker: "subprocess.Popen[bytes]"
    secret: str
    pids: dict[int, int] = field(default_factory=dict)
    callers: "list[Caller]" = field(default_factory=list)

    def start(self, *, death: str | None = None, ahead_ms: int = 0) -> int:
        [port] = free_ports(1)
        assert self.forker.stdin is not None
        assert self.forker.stdout is not None
        order = Order(port=port, death=death, ahead_ms=ahead_ms)
        self.forker.stdin.write(fast_json.encode(order) + b"\n")
        self.forker.stdin.flush()
        self.pids[port] = int(self.forker.stdout.readline())
        return port

    def wait_ready(self, port: int) -> None:
        def up() -> bool:
            with suppress(httpx.TransportError):
                return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
            return False

        eventually(up, what=f"the API on port {port}")

    def end(self, port: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pids.pop(port), signal.SIGKILL)

    def caller(self, port: int, *, timeout_s: float = 10.0) -> "Caller":
        self.callers.append(Caller(port, self.secret, timeout_s))
        return self.callers[-1]


def free_ports(number: int) -> list[int]:
    import socket

    held = [socket.create_server((ports.LOOPBACK, 0)) for _ in range(number)]
    found = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return found


@contextmanager
def fleet(owner: str, api: str, folder: Path, **env: str) -> Iterator[Fleet]:
    """`owner` and `api` are the conninfos of these roles; `folder` is the state folder of the host."""
    folder.mkdir(mode=0o700, exist_ok=True)
    secret = new_secret()
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("delete from api_keys")
        ensure_local_key(connection, secret)
        connection.execute("update api_keys set rate_per_s = 100000, burst = 100000")
    given = environment(api, FAREGATE_STATE_DIR=str(folder), PYTHONPATH=str(HERE), OMP_NUM_THREADS="1", **env)
    with (folder / "api.log").open("wb") as log:
        forker = subprocess.Popen(
            [sys.executable, "-m", "odd_api"],
            cwd=PROJECT,
            env=given,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    started = Fleet(forker=forker, secret=secret)
    try:
        yield started
    finally:
        for caller in started.callers:
            caller.close()
        for port in list(started.pids):
            started.end(port)
        forker.kill()
        forker.communicate()


@dataclass(frozen=True)
class Heard:
    """What a caller heard; status 0 when the connection broke."""

    status: int
    body: bytes = b""
    replayed: bool = False

    @property
    def reply(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.body)
        return found


class Caller:
    """One keep-alive connection; not for two threads at once."""

    def __init__(self, port: int, secret: str, timeout_s: float) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def decide(self, body: bytes, key: str) -> Heard:
        headers = {**self._headers, "Idempotency-Key": key}
        try:
            self._connection.request("POST", "/v1/transactions", body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Heard(0)
        return Heard(response.status, content, response.headers.get("Idempotency-Replayed") == "true")

    def close(self) -> None:
        self._connection.close()


def a_fresh_body(transaction_id: str, *, ahead_ms: int = 0) -> bytes:
    requested_at = datetime.now(UTC) + timedelta(milliseconds=ahead_ms)
    return fast_json.encode(a_body(transaction_id=transaction_id, requested_at=requested_at))

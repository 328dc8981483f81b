"""A real parent with real workers on a real socket."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.embedded.home import PROJECT

WORKER = str(Path(__file__).parent / "served_app.py")
PARENT = (
    "import os, sys; from app.workers import run_workers;"
    "sys.exit(run_workers((sys.executable, sys.argv[1]), os.environ))"
)


class Server:
    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str = "/") -> str:
        return httpx.get(self.url + path, trust_env=False, timeout=10).text

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT),
        "FAREGATE_API_PORT": str(port),
        "FAREGATE_API_WORKERS": "2",
    }
    process = subprocess.Popen((sys.executable, "-c", PARENT, WORKER), env=env, cwd=PROJECT)
    made = Server(process, port)
    try:
        wait_until_bound(made)
        made.get()
        yield made
    finally:
        process.kill()
        process.wait()


def wait_until_bound(server: Server) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
        except OSError:
            assert time.monotonic() < deadline
            assert server.process.poll() is None
            time.sleep(0.05)
        else:
            return


def test_callers_wait_for_a_worker_that_comes_again(server: Server) -> None:
    for worker in server.workers():
        worker.kill()
    assert server.get().endswith(" 0")


def test_a_crash_harms_one_call_and_the_retry_is_answered(server: Server) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        server.get("/crash")
    assert server.get().endswith(" 0")


def test_what_is_under_way_is_finished_before_the_end(server: Server) -> None:
    with ExitStack() as calls:
        begun = [
            calls.enter_context(httpx.stream("GET", server.url + "/slow", trust_env=False, timeout=10))
            for _ in range(6)
        ]  # each has its head by now, and its body is to come
        server.process.send_signal(signal.SIGTERM)
        assert all(call.read().endswith(b" 0") for call in begun)
    assert server.process.wait(10) == 0
    with pytest.raises(httpx.ConnectError):
        server.get()


def test_the_echo_gives_the_body_back(server: Server) -> None:
    answer = httpx.post(server.url + "/echo", content=b"\x00payload", trust_env=False)
    assert (answer.status_code, answer.content) == (200, b"\x00payload")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_parent_is_small(server: Server) -> None:
    assert (
        psutil.Process(server.process.pid).memory_info().rss < 20 * 2**20 * 1.25
    )  # a fifth for other machines

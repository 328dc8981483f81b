"""`python -m app.main` as the stack starts it, for a test to talk to."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from psycopg.conninfo import conninfo_to_dict

from deploy.embedded.home import PROJECT

NAMES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
}


def environment(conninfo: str, **more: str) -> dict[str, str]:
    libpq = {NAMES[name]: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    return {"PATH": os.environ["PATH"], **libpq, **more}


@contextmanager
def running(env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.main"], cwd=PROJECT, env=env, stderr=output, stdout=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{url}/healthz", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)  # between two looks, not a wait for a fixed time
        else:
            return
    raise AssertionError("the API did not come up")

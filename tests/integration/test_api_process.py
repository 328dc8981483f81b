"""`python -m app.main` as the stack starts it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
from factories import a_live_body
from psycopg.conninfo import conninfo_to_dict

from app.migrations import latest_version
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


def test_it_serves_until_it_is_told_to_stop(
    conninfo: Callable[[str], str], free_ports: dict[str, int], tmp_path: Path
) -> None:
    url, log = f"http://127.0.0.1:{free_ports['api']}", tmp_path / "api.log"
    env = environment(
        conninfo("faregate_api"), FAREGATE_API_PORT=str(free_ports["api"]), FAREGATE_INSTANCE="instance-a"
    )
    with running(env, log) as process:
        wait_until_up(url, process)
        assert httpx.get(f"{url}/healthz", trust_env=False).json()["instance"] == "instance-a"
        body, headers = a_live_body(card_id="card_b"), {"Content-Type": "application/json"}
        reply = httpx.post(f"{url}/v1/transactions", content=body, headers=headers, trust_env=False)
        assert reply.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert "card_b" not in log.read_text()


def test_another_schema_is_refused_with_what_to_do(conninfo: Callable[[str], str], tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        owner.execute(
            "insert into schema_version (version, name) values (%s, 'newer')", (latest_version() + 1,)
        )
        try:
            with running(environment(conninfo("faregate_api")), log) as process:
                assert process.wait(30) == 1
        finally:
            owner.execute("delete from schema_version where name = 'newer'")
    assert "start the release that migrated it" in log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_wrong_setting_is_refused_by_name(conninfo: Callable[[str], str], tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with running(environment(conninfo("faregate_api"), FAREGATE_API_PORT="http"), log) as process:
        assert process.wait(30) == 1
    assert "FAREGATE_API_PORT" in log.read_text()
    assert "Traceback" not in log.read_text()

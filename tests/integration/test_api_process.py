"""`python -m app.main` as the stack starts it."""

import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
from api_process import environment, running, wait_until_up
from factories import a_live_body

from app.access.keys import new_secret
from app.access.store import ensure_local_key
from app.migrations import latest_version


def test_it_serves_until_it_is_told_to_stop(
    conninfo: Callable[[str], str], free_ports: dict[str, int], tmp_path: Path
) -> None:
    url, log = f"http://127.0.0.1:{free_ports['api']}", tmp_path / "api.log"
    secret = new_secret()
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        ensure_local_key(owner, secret)
    env = environment(
        conninfo("faregate_api"),
        FAREGATE_API_PORT=str(free_ports["api"]),
        FAREGATE_INSTANCE="instance-a",
        FAREGATE_STATE_DIR=str(tmp_path),
    )
    with running(env, log) as process:
        wait_until_up(url, process)
        assert httpx.get(f"{url}/healthz", trust_env=False).json()["instance"] == "instance-a"
        body = a_live_body(card_id="card_b")
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {secret}",
            "Idempotency-Key": "key_of_the_test",
        }
        reply = httpx.post(f"{url}/v1/transactions", content=body, headers=headers, trust_env=False)
        assert reply.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert "card_b" not in log.read_text()
    assert secret not in log.read_text()


def test_another_schema_is_refused_with_what_to_do(conninfo: Callable[[str], str], tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        owner.execute(
            "insert into schema_version (version, name) values (%s, 'newer')", (latest_version() + 1,)
        )
        try:
            with running(
                environment(conninfo("faregate_api"), FAREGATE_STATE_DIR=str(tmp_path)), log
            ) as process:
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

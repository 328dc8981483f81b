"""`faregate keys` as the owner uses it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner, Result

from app.access.signature import MasterSecretRefused, signing_secret
from app.access.store import KeyRefused
from deploy.cli import keys

Run = Callable[..., Result]


@pytest.fixture
def run(conninfo: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in conninfo_to_dict(conninfo("faregate_owner")).items():
        variable = {"dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}.get(name, f"PG{name.upper()}")
        monkeypatch.setenv(variable, str(value))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(keys.app, list(words), catch_exceptions=False)


def test_the_life_of_a_key(run: Run) -> None:
    made = run("create", "checkout", "--tenant", "acme", "--scope", "decide", "--test", "--days", "30")
    assert made.exit_code == 0
    [secret] = made.stdout.split()
    key_id = made.stderr.split()[0]
    assert secret.startswith("fgk_")
    shown = run("list").stdout
    assert key_id in shown
    assert "acme/checkout" in shown
    assert "live test" in shown
    assert secret not in shown
    assert "is revoked" in run("revoke", key_id).stderr
    assert "revoked" in run("list").stdout
    with pytest.raises(KeyRefused):
        run("revoke", key_id)


def test_without_scopes_named_a_key_can_do_a_backends_work(run: Run) -> None:
    run("create", "checkout")
    assert "decide outcome read" in run("list").stdout


def test_a_signed_key_comes_with_its_signing_secret(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(MasterSecretRefused, match="FAREGATE_SIGNING_SECRET_FILE"):
        run("create", "checkout", "--signed")
    file = tmp_path / "master"
    file.write_bytes(b"m" * 32)
    monkeypatch.setenv("FAREGATE_SIGNING_SECRET_FILE", str(file))
    made = run("create", "checkout", "--signed")
    _, secret = made.stdout.split()
    assert secret == signing_secret(b"m" * 32, made.stderr.split()[0])

"""Which ledger `faregate audit verify` looks at."""

from pathlib import Path

import pytest

from deploy.cli import audit_verify, database
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path]]:
    calls: list[tuple[str, Path]] = []

    def report(conninfo: str, heads: audit_verify.Any) -> int:
        calls.append((conninfo, heads.path))
        return 0

    monkeypatch.setattr(audit_verify, "report", report)
    return calls


def test_the_database_that_the_environment_names(tmp_path: Path, asked: list[tuple[str, Path]]) -> None:
    env = {"PGHOST": "db", "FAREGATE_STATE_DIR": "/state"}
    assert audit_verify.verify(Home(root=tmp_path), env) == 0
    assert asked == [("", Path("/state/heads.jsonl"))]


def test_heads_of_another_database_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="FAREGATE_STATE_DIR"):
        audit_verify.verify(Home(root=tmp_path), {"PGHOST": "db"})


def test_no_stack_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="No stack runs"):
        audit_verify.verify(Home(root=tmp_path), {})


def test_the_local_stack_is_read_with_the_rights_to_look(
    tmp_path: Path, asked: list[tuple[str, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "running", lambda _: None)
    home = Home(root=tmp_path)
    home.addresses.write_text('{"ports": {"postgres": 5}}')
    audit_verify.verify(home, {})
    [(conninfo, heads)] = asked
    assert "user=faregate_console" in conninfo
    assert heads == tmp_path / "host" / "heads.jsonl"

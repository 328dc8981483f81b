"""`faregate policy` as people use it."""

from collections.abc import Callable

import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner, Result

from deploy.cli import policy
from domain.policy import PolicyRefused

Run = Callable[..., Result]
STRICT = ("--review", "0.05", "--challenge", "0.2", "--decline", "0.6")


@pytest.fixture
def run(conninfo: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the database of the test; what a command raises is raised."""
    for name, value in conninfo_to_dict(conninfo("faregate_console")).items():
        variable = {"dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}.get(name, f"PG{name.upper()}")
        monkeypatch.setenv(variable, str(value))
    monkeypatch.setenv("FAREGATE_ANALYST", "lea")
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(policy.app, list(words), catch_exceptions=False)


def test_the_life_of_a_policy(run: Run) -> None:
    assert "No policy was ever set" in run("list").stdout
    assert "No policy was ever set" in run("show").stdout
    told = run("set", *STRICT, "--reviews-a-day", "1200", "--why", "fewer losses").stderr
    assert told == "Policy 1: review from 0.05, challenge from 0.2, decline from 0.6; 1,200 reviews a day.\n"
    assert run("show").stdout == told
    assert run("clear", "--why", "a new champion").stderr.startswith("Policy 2: each model goes by its own")
    assert run("show", "1").stdout == told
    listed = run("list").stdout
    for piece in ("each model's own", "1200", "lea", "fewer losses", "a new champion"):
        assert piece in listed


def test_what_cannot_be_set_is_a_sentence(run: Run) -> None:
    with pytest.raises(PolicyRefused, match="none may begin above a severer one"):
        run("set", "--review", "0.9", "--challenge", "0.2", "--decline", "0.6")
    with pytest.raises(PolicyRefused, match="there is no policy 7"):
        run("show", "7")

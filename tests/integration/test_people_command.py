"""`faregate people` as the owner uses it."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner, Result

from app.desk.errors import DeskRefused
from app.desk.passwords import matches
from deploy.cli import people

Run = Callable[..., Result]


@pytest.fixture
def run(conninfo: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in conninfo_to_dict(conninfo("faregate_owner")).items():
        variable = {"dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}.get(name, f"PG{name.upper()}")
        monkeypatch.setenv(variable, str(value))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("FAREGATE_ANALYST", "root")
    return lambda *words: CliRunner().invoke(people.app, list(words), catch_exceptions=False)


def test_the_life_of_a_person(run: Run, conninfo: Callable[[str], str]) -> None:
    added = run("add", "eva", "analyst")
    assert "eva may sign in as analyst" in added.stderr
    [first] = added.stdout.split()
    [second] = run("password", "eva").stdout.split()
    assert first != second
    assert "eva is lead now" in run("role", "eva", "lead").stderr
    shown = run("list").stdout
    assert "Eva" in shown
    assert "lead" in shown
    assert "never" in shown
    assert second not in shown
    run("disable", "eva")
    assert "disabled" in run("list").stdout
    with psycopg.connect(conninfo("faregate_owner")) as connection:
        [(kept,)] = connection.execute("select password from people").fetchall()
        deeds = connection.execute("select person_id, role, action from audit_trail order by 1").fetchall()
    assert matches(second, kept)
    assert deeds == [
        ("root", "owner", f"person.{what}") for what in ("add", "set_password", "set_role", "disable")
    ]


def test_somebody_of_the_openid_provider_needs_no_password(run: Run) -> None:
    assert run("add", "eva", "lead", "--email", "eva@example.org", "--name", "Eva E.").stdout == ""
    shown = run("list").stdout
    assert "eva@example.org" in shown
    assert "Eva E." in shown


def test_what_cannot_be_done_is_said(run: Run) -> None:
    with pytest.raises(DeskRefused, match="There is no eva"):
        run("disable", "eva")
    assert run("add", "eva", "king").exit_code == 2

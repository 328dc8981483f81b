"""`faregate model` as people use it."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from api_readiness import answering, is_alive
from model_variants import write_variants
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner, Result

from deploy.cli import models
from scoring.registry import PromotionRefused, Registry

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_variants(tmp_path_factory.mktemp("models"), 2)


@pytest.fixture
def run(conninfo: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the database of the test; what a command raises is raised."""
    for name, value in conninfo_to_dict(conninfo("faregate_learner")).items():
        variable = {"dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}.get(name, f"PG{name.upper()}")
        monkeypatch.setenv(variable, str(value))
    monkeypatch.setenv("FAREGATE_ANALYST", "ana")
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(models.app, list(words), catch_exceptions=False)


@pytest.fixture
def versions(run: Run, conninfo: Callable[[str], str], folders: list[Path]) -> list[str]:  # noqa: ARG001 - after run
    with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as connection:
        registry = Registry(connection)
        return [
            registry.register(
                folder, kind="offline", base_version=None, by="ana", why="", report="<h1>Report</h1>"
            ).version
            for folder in folders
        ]


def test_the_life_of_a_model(run: Run, versions: list[str]) -> None:
    first, second = versions
    assert f"{first} decides from" in run("promote", first, "--why", "the first").stderr
    assert f"{second} is shadow." in run("shadow", second[:12]).stderr
    assert f"{second} is canary for 25% of riders." in run("canary", second, "--share", "0.25").stderr
    told = run("promote", second, "--why", "saves money").stderr
    assert "ready: no process of the API runs" in told
    assert f"before it: {first}." in told
    assert f"{first} decides from" in run("rollback", "--why", "it does not").stderr
    assert f"{second} is shadow." in run("shadow", second).stderr
    assert f"{second} is retired." in run("retire", second).stderr
    shown = run("show", second).stdout
    for word in ("canary 25%", "saves money", "ana", "champion", f"{first} took over"):
        assert word in shown


def test_models_are_listed_with_where_they_stand(run: Run, versions: list[str]) -> None:
    run("promote", versions[0])
    shown = run("list").stdout
    assert all(version in shown for version in versions)
    assert "champion" in shown
    listed = json.loads(run("list", "--json").stdout)
    assert {model["version"]: model["state"] for model in listed} == dict(
        zip(versions, ("champion", "candidate"), strict=True)
    )


def test_an_empty_registry_says_what_makes_a_model(run: Run) -> None:
    assert "There are no models yet" in run("list").stdout


def test_a_report_is_written_to_a_file(run: Run, versions: list[str], tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert str(file) in run("show", versions[0], "--report", str(file)).stderr
    assert file.read_text() == "<h1>Report</h1>"


def test_the_process_that_cannot_serve_a_model_is_told(
    run: Run, versions: list[str], conninfo: Callable[[str], str]
) -> None:
    with (
        answering(conninfo("faregate_api"), "host:7", refused="no such instruction"),
        pytest.raises(PromotionRefused, match=r"host:7 cannot serve .* no such instruction"),
    ):
        run("promote", versions[0])
    with psycopg.connect(conninfo("faregate_api"), autocommit=True) as api:
        is_alive(api, "host:8")
    with pytest.raises(PromotionRefused, match="host:8"):
        run("promote", versions[0], "--wait", "0")

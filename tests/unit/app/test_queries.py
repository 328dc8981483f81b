import re
from pathlib import Path

import pytest

import app
from app.migrations.runner import migrations
from app.queries import query

FOLDER = Path(app.__file__).parent
NAMES = re.findall(r"^-- name: (\w+)", (FOLDER / "queries.sql").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_is_used_and_is_one(name: str) -> None:
    statement = query(name).decode()
    assert statement
    assert "--" not in statement
    assert ";" not in statement
    assert any(f'query("{name}")' in file.read_text() for file in FOLDER.glob("*.py"))


def test_names_are_given_once() -> None:
    assert len(set(NAMES)) == len(NAMES) > 5


def test_an_unknown_name_is_a_fault() -> None:
    with pytest.raises(KeyError):
        query("nothing")


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [step.version for step in migrations()] == list(range(1, len(migrations()) + 1))
    assert migrations()[0].name == "decisions_and_online_store"

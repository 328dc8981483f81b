import re
from pathlib import Path

import pytest

from app import rules
from app.queries import queries_of
from app.rules.keeper import InForce
from app.rules.lists import Entries
from app.rules.rulebook import CompiledRulebook

FOLDER = Path(rules.__file__).parent
NAMES = re.findall(r"^-- name: (\w+)", (FOLDER / "queries.sql").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_is_used_and_is_one(name: str) -> None:
    statement = queries_of(rules.__file__)(name).decode()
    assert statement
    assert "--" not in statement
    assert ";" not in statement
    assert any(f'query("{name}")' in file.read_text() for file in FOLDER.glob("*.py"))


def test_names_are_given_once() -> None:
    assert len(set(NAMES)) == len(NAMES) > 10


def test_what_is_in_force_is_replaced_whole() -> None:
    in_force = InForce(rulebook=CompiledRulebook(1, ()), lists=Entries(2))
    with pytest.raises(AttributeError):
        in_force.lists = Entries(3)  # type: ignore[misc] # that it is frozen is the point

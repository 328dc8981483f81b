import re
from pathlib import Path

import pytest

import dashboard
from dashboard.queries import query

FOLDER = Path(dashboard.__file__).parent
TEXT = (FOLDER / "queries.sql").read_text()
NAMES = re.findall(r"^-- name: (\w+)", TEXT, re.MULTILINE)
READER = (FOLDER / "ledger_reader.py").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_every_query_is_used_says_its_purpose_and_only_reads(name: str) -> None:
    purpose, sql = query(name).decode().split("\n", 1)
    assert re.fullmatch(r"-- \S.*\.", purpose)
    assert sql.startswith("select")
    assert f'"{name}"' in READER


def test_names_are_given_once() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_an_unknown_name_is_a_fault() -> None:
    with pytest.raises(KeyError):
        query("nothing")

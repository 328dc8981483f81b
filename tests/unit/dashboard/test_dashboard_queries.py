import re
from collections import Counter
from pathlib import Path

import pytest

import dashboard

FOLDER = Path(dashboard.__file__).parent
FILES = sorted(FOLDER.rglob("queries.sql"))
NAMED = [
    (file, name, part)
    for file in FILES
    for name, part in re.findall(
        r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", file.read_text(), re.DOTALL | re.MULTILINE
    )
]


@pytest.mark.parametrize(("file", "name", "part"), NAMED, ids=[name for _, name, _ in NAMED])
def test_every_query_is_used_says_its_purpose_and_only_reads(file: Path, name: str, part: str) -> None:
    purpose, sql = part.split("\n", 1)
    assert re.fullmatch(r"-- \S.*", purpose)
    sql = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
    assert sql.lstrip().startswith(("select", "with"))
    assert any(f'"{name}"' in module.read_text() for module in file.parent.glob("*.py"))


def test_names_are_given_once_a_file() -> None:
    given = Counter((file, name) for file, name, _ in NAMED)
    assert max(given.values()) == 1


def test_no_page_holds_sql() -> None:
    for module in FOLDER.rglob("*.py"):
        assert not re.search(
            r"(?im)\b(select\s+\w+.*\bfrom\b|insert into|update \w+ set|delete from)\s+\w+",
            module.read_text(),
        ), module

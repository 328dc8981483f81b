from pathlib import Path

import pytest

from deploy.cli.learn import TimeRefused, environment, seconds
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home


@pytest.mark.parametrize(
    ("text", "expected"), [("130", 130), ("130s", 130), ("5m", 300), ("36h", 129_600), ("90d", 7_776_000)]
)
def test_a_length_of_time_is_read(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "d", "0d", "-3d", "1.5h", "soon"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(TimeRefused, match="write 90d"):
        seconds(text)


def test_what_the_caller_says_stands(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    given = {
        "PGHOST": "db.example",
        "FAREGATE_MODEL_KEY": "ab" * 32,
        "FAREGATE_TRAINING_SET": "/my/set.parquet",
    }
    assert environment(home, given) == given
    without = {"PGHOST": "db.example"}
    assert environment(home, without)["FAREGATE_TRAINING_SET"] == str(home.training_set)


def test_without_a_database_or_a_stack_it_says_what_to_do(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    home.make()
    with pytest.raises(StackError, match="faregate up"):
        environment(home, {})

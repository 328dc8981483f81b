"""What docs/rules.md shows works as it says."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.rules import expression, lists, store
from app.rules.errors import RuleRefused
from app.rules.expression import FUNCTIONS, compile_expression, require_fast
from app.rules.lists import field_of
from app.rules.rulebook import MAX_EVALUATED
from app.rules.variables import FIELDS
from deploy.cli import lists as lists_command
from deploy.cli import rules as rules_command

TEXT = (Path(__file__).parents[4] / "docs" / "rules.md").read_text("utf-8")
EXPRESSIONS = re.findall(r"```cel\n(.*?)```", TEXT, re.DOTALL) + re.findall(r"asks for it: `([^`]+)`", TEXT)
COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"```\n(faregate .*?)```", TEXT, re.DOTALL)
    for line in block.replace("\\\n", "").splitlines()
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_every_expression_compiles(text: str) -> None:
    require_fast(compile_expression(text))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_one_that_is_there(words: list[str]) -> None:
    app = {"rules": rules_command.app, "lists": lists_command.app}[words[1]]
    shown = CliRunner().invoke(app, [words[2], "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    options = [word for word in words if word.startswith("--")]
    assert all(option in shown.stdout for option in options)
    if words[1:3] == ["rules", "add"]:
        compile_expression(words[words.index("--expression") + 1])
    if words[1:3] == ["lists", "add"]:
        assert field_of(words[4])


def test_there_are_examples() -> None:
    assert len(EXPRESSIONS) >= 9
    assert {words[2] for words in COMMANDS} >= {
        "add",
        "test",
        "shadow",
        "promote",
        "change",
        "retire",
        "list",
        "show",
    }


def test_functions_and_fields_are_told() -> None:
    assert all(f"`{name}" in TEXT for name in FUNCTIONS)
    assert all(f"`{name}`" in TEXT for name in FIELDS)


def test_bounds_are_told_as_they_are() -> None:
    assert f"{expression.MAX_LENGTH:,} characters, {expression.MAX_NESTING} comprehensions" in TEXT
    assert f"{expression.MAX_STEPS:,} steps, {expression.MAX_TIME_US:.0f} µs" in TEXT
    assert f"{MAX_EVALUATED} rules in shadow or live, {store.MAX_RULES:,} in all" in TEXT
    assert f"{lists.MAX_ENTRIES:,} entries are in force" in TEXT


def test_the_refusal_reads_as_shown() -> None:
    with pytest.raises(RuleRefused) as refusal:
        compile_expression("card_failure_1h >= 5")
    assert f"rule_a: {refusal.value}" in TEXT

"""docs/feature-contract.md has a test for each of its rules, and a line for each feature."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from event_factories import ONE_OF_EACH

from domain.catalogue import FEATURE_NAMES
from domain.events import Event
from flink_jobs.routing import targets

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "docs" / "feature-contract.md").read_text()
PREFIX = "test_rule_"
WINDOWS = ("5m", "1h", "24h", "7d", "30d")


def _rules() -> set[str]:
    return set(re.findall(r"^(?:- )?\*\*([a-z0-9_]+)\*\*:", CONTRACT, flags=re.MULTILINE))


def _tested() -> set[str]:
    return {
        node.name.removeprefix(PREFIX)
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(PREFIX)
    }


def test_every_rule_has_a_test_and_every_such_test_a_rule() -> None:
    assert len(_rules()) > 30
    assert _tested() == _rules()


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading or a rule, without its first two lines."""
    section = CONTRACT.split(heading, 1)[1]
    table = re.search(r"(?:^\|.*\n)+", section, flags=re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]


def _described() -> list[re.Pattern[str]]:
    """One pattern for each feature or family of features in the table."""
    names = [name.strip() for [names, _] in _rows("## Features") for name in names.split(",")]
    patterns = [f"*owner*{name}" if name.startswith("_") else name for name in names]
    return [
        re.compile(
            pattern.replace("*owner*", "(?:card|user|device)").replace("*w*", f"(?:{'|'.join(WINDOWS)})")
        )
        for pattern in patterns
    ]


def test_every_feature_stands_in_the_contract_once() -> None:
    for name in FEATURE_NAMES:
        assert sum(bool(pattern.fullmatch(name)) for pattern in _described()) == 1, name


def test_every_line_of_the_contract_is_of_some_feature() -> None:
    for pattern in _described():
        assert any(pattern.fullmatch(name) for name in FEATURE_NAMES), pattern.pattern


def _routes() -> dict[str, list[tuple[str, str]]]:
    """By event type, the kinds that it reaches and the field that names the entity."""
    kinds = ("card", "user", "device", "zone", "profile")
    routes = {}
    for event_type, *cells in _rows("**events_reach_their_entities**"):
        told = [
            (kind, cell.removesuffix(" if told")) for kind, cell in zip(kinds, cells, strict=True) if cell
        ]
        routes[event_type.strip("`")] = told
    return routes


@pytest.mark.parametrize("build", ONE_OF_EACH)
def test_events_go_where_the_contract_says(build: Callable[..., Event]) -> None:
    event = build()
    if hasattr(event, "device_id"):
        event = build(device_id="dev_told")
    reached = [
        (kind, entity)
        for kind, field in _routes().get(str(event.__struct_config__.tag), [])
        if (entity := getattr(event, field))
    ]
    assert targets(event) == reached

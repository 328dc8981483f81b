"""An oracle that shared code with what it judges would agree with its mistakes."""

import ast
from pathlib import Path

import pytest

ALLOWED = {"domain.decision", "domain.events", "domain.transaction", "oracle_features", "oracle_rings"}
STANDARD = {"collections.abc", "math", "typing"}
FILES = sorted(Path(__file__).parent.glob("oracle*.py"))


def _imported(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_oracle_imports_nothing_that_computes_features(file: Path) -> None:
    assert _imported(file.read_text()) <= ALLOWED | STANDARD


def test_the_oracle_imports_by_no_other_way() -> None:
    for file in FILES:
        called = {node.id for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name)}
        assert not called & {"__import__", "importlib", "eval", "exec"}


def test_a_borrowed_module_would_be_found() -> None:
    assert "domain.tiles" in _imported("def f():\n    from domain.tiles import total\n")
    assert "domain.history" in _imported("import domain.history as h\n")

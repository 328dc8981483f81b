"""The named statements of queries.sql files: this folder's own, and those of the folders below."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

NAMED = re.compile(r"^-- name: (\w+)\n(?:--[^\n]*\n)*(.*?)(?=^-- name: |\Z)", re.DOTALL | re.MULTILINE)
_PARAMETER = re.compile(r"%\((\w+)\)[sbt]")


def queries_of(module: str) -> Callable[[str], bytes]:
    """Finds statements by name in the queries.sql beside the module with that `__file__`.

    A KeyError for an unknown name is a fault of ours.
    """
    text = Path(module).with_name("queries.sql").read_text("utf-8")
    statements = {name: sql.strip().encode() for name, sql in NAMED.findall(text)}
    return statements.__getitem__


class Numbered:
    """A statement whose parameters are numbered once: at each call the driver would take it apart anew."""

    def __init__(self, named: bytes) -> None:
        names: dict[str, int] = {}

        def number(found: re.Match[str]) -> str:
            return f"${names.setdefault(found[1], len(names) + 1)}"

        self.sql = _PARAMETER.sub(number, named.decode()).replace("%%", "%").encode()
        self._names = tuple(names)

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """In the order of their numbers; a KeyError for one that is missing."""
        return [values[name] for name in self._names]


query = queries_of(__file__)

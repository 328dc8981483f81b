"""The named statements of queries.sql."""

import re
from functools import cache
from importlib.resources import files

_NAMED = re.compile(r"^-- name: (\w+)\n(?:--[^\n]*\n)*(.*?)(?=^-- name: |\Z)", re.DOTALL | re.MULTILINE)


@cache
def _all() -> dict[str, bytes]:
    text = files("app").joinpath("queries.sql").read_text("utf-8")
    return {name: sql.strip().encode() for name, sql in _NAMED.findall(text)}


def query(name: str) -> bytes:
    """The statement called `name`; a KeyError is a fault of ours."""
    return _all()[name]

"""The statements of queries.sql, by name."""

import re
from functools import cache
from importlib.resources import files


@cache
def _all() -> dict[str, bytes]:
    text = files("dashboard").joinpath("queries.sql").read_text("utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)[1:]
    return {name: sql.strip().encode() for name, sql in zip(parts[::2], parts[1::2], strict=True)}


def query(name: str) -> bytes:
    """The statement called `name`; a KeyError is a fault of ours."""
    return _all()[name]

"""The statements of a package's queries.sql, by name."""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def _all(package: str) -> dict[str, LiteralString]:
    text = files(package).joinpath("queries.sql").read_text("utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))


def queries_of(package: str) -> Callable[[str], LiteralString]:
    """A KeyError for an unknown name is a fault of ours."""
    return lambda name: _all(package)[name]


query = queries_of("feature_repo")

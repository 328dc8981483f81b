"""The statements of queries.sql, by name."""

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def _all() -> dict[str, LiteralString]:
    text = files("feature_repo").joinpath("queries.sql").read_text("utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))


def query(name: str) -> LiteralString:
    return _all()[name]

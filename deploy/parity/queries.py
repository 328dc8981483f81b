"""The named statements of queries.sql."""

from functools import cache
from importlib.resources import files

MARK = "-- name: "


@cache
def _all() -> dict[str, bytes]:
    text = files("deploy.parity").joinpath("queries.sql").read_text("utf-8")
    named = (part.partition("\n") for part in text.split(MARK)[1:])
    return {name.strip(): sql.strip().encode() for name, _, sql in named}


def query(name: str) -> bytes:
    return _all()[name]

"""The named statements of the queries.sql beside a module, each below a line of purpose."""

import re
from collections.abc import Callable
from pathlib import Path

NAMED = re.compile(r"^-- name: (\w+)\n(?:--[^\n]*\n)*(.*?)(?=^-- name: |\Z)", re.DOTALL | re.MULTILINE)


def queries_of(file: str) -> Callable[[str], bytes]:
    """Finds statements by name in the queries.sql beside the module with that `__file__`.

    Bytes, as psycopg takes statements that are not written in the source. A KeyError for an unknown name is a
    fault of ours.
    """
    text = Path(file).with_name("queries.sql").read_text("utf-8")
    statements = {name: sql.strip().encode() for name, sql in NAMED.findall(text)}
    return statements.__getitem__

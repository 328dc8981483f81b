"""The named statements of queries.sql files: this folder's own, and those of the folders below."""

import re
from collections.abc import Callable
from pathlib import Path

NAMED = re.compile(r"^-- name: (\w+)\n(?:--[^\n]*\n)*(.*?)(?=^-- name: |\Z)", re.DOTALL | re.MULTILINE)


def queries_of(module: str) -> Callable[[str], bytes]:
    """Finds statements by name in the queries.sql beside the module with that `__file__`.

    A KeyError for an unknown name is a fault of ours.
    """
    text = Path(module).with_name("queries.sql").read_text("utf-8")
    statements = {name: sql.strip().encode() for name, sql in NAMED.findall(text)}
    return statements.__getitem__


query = queries_of(__file__)

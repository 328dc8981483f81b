"""Whether statements find their rows of the ledger by an index."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from app.queries import NAMED


def refuse_seq_scans(
    connection: psycopg.Connection[Any], module: str, values: Mapping[str, Any], table: str = "decisions"
) -> None:
    """Fails for a statement beside `module` that has no index to go by; an empty table would hide nothing,
    for a scan of it is made as dear as can be."""
    connection.execute("set enable_seqscan = off")
    text = Path(module).with_name("queries.sql").read_text("utf-8")
    for name, sql in NAMED.findall(text):
        rows = connection.execute(f"explain {sql}".encode(), values).fetchall()
        plan = "\n".join(str(row[0]) for row in rows)
        assert not re.search(rf"Seq Scan on {table}", plan), f"{name}\n{plan}"

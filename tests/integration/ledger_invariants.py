"""The invariants of the ledger, asked of a database."""

from pathlib import Path
from typing import Any

import psycopg

from app.queries import NAMED

_TEXT = Path(__file__).with_name("invariants.sql").read_text("utf-8")
INVARIANTS = {name: sql.strip() for name, sql in NAMED.findall(_TEXT)}


def broken(conninfo: str) -> dict[str, list[Any]]:
    """By name of the invariant, the rows that break it."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        found = {name: connection.execute(sql.encode()).fetchall() for name, sql in INVARIANTS.items()}
    return {name: rows for name, rows in found.items() if rows}

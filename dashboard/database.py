"""Connections of the role that may only read; where the database is comes from the PG* variables."""

import psycopg
from psycopg_pool import ConnectionPool

Pool = ConnectionPool[psycopg.Connection]
STATEMENT_LIMIT_S = 3.0
CONNECT_LIMIT_S = 2.0


def open_pool(conninfo: str = "") -> Pool:
    """Read-only connections that survive a restart of the database; it need not be up yet."""
    return ConnectionPool(
        conninfo,
        kwargs={
            "autocommit": True,
            "application_name": "faregate dashboard",
            "connect_timeout": round(CONNECT_LIMIT_S),
            "options": f"-c statement_timeout={round(STATEMENT_LIMIT_S * 1000)}"
            " -c default_transaction_read_only=on",
        },
        min_size=1,
        max_size=4,
        timeout=CONNECT_LIMIT_S,
        reconnect_timeout=5,
        check=ConnectionPool.check_connection,
        open=True,
        name="dashboard",
    )

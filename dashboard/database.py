"""Connections of the console's role; where the database is comes from the PG* variables."""

import psycopg
from psycopg_pool import ConnectionPool

Pool = ConnectionPool[psycopg.Connection]
STATEMENT_LIMIT_S = 3.0
WRITE_LIMIT_S = 10.0
CONNECT_LIMIT_S = 2.0


def open_pool(conninfo: str = "") -> Pool:
    """Read-only connections that survive a restart of the database; it need not be up yet."""
    return _pool("dashboard", conninfo, STATEMENT_LIMIT_S, " -c default_transaction_read_only=on")


def open_writing_pool(conninfo: str = "") -> Pool:
    """As open_pool, for what people do."""
    return _pool("desk", conninfo, WRITE_LIMIT_S)


def _pool(name: str, conninfo: str, statement_limit_s: float, options: str = "") -> Pool:
    return ConnectionPool(
        conninfo,
        kwargs={
            "autocommit": True,
            "application_name": f"faregate {name}",
            "connect_timeout": round(CONNECT_LIMIT_S),
            "options": f"-c statement_timeout={round(statement_limit_s * 1000)}{options}",
        },
        min_size=1,
        max_size=4,
        timeout=CONNECT_LIMIT_S,
        reconnect_timeout=5,
        check=ConnectionPool.check_connection,
        open=True,
        name=name,
    )

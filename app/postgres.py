"""Connections to PostgreSQL; where it is and who we are there come from the PG* variables."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from app.migrations import check_schema_async

Pool = AsyncConnectionPool[psycopg.AsyncConnection]
MAX_PAUSE_S = 2.0
_NETWORK = {"connect_timeout": 5, "tcp_user_timeout": 3000}  # a vanished server is noticed in seconds, ms
log = logging.getLogger("faregate.postgres")


@asynccontextmanager
async def pool(
    name: str, *, conninfo: str = "", most: int = 6, patience_s: float, server_options: str = ""
) -> AsyncIterator[Pool]:
    """Connections that commit each statement by itself; `server_options` are as on its command line.

    Nobody waits for a free one, nor the server works on a statement, for longer than `patience_s`.
    """
    connections: Pool = AsyncConnectionPool(
        conninfo,
        kwargs=connect_settings(name, patience_s, server_options),
        min_size=2,
        max_size=most,
        timeout=patience_s,
        reconnect_timeout=5,
        open=False,
        name=name,
    )
    await connections.open()
    try:
        yield connections
    finally:
        await connections.close(timeout=2)


def connect_settings(name: str, patience_s: float, server_options: str = "") -> dict[str, Any]:
    """How we connect: for psycopg's connect and its pools."""
    options = f"-c statement_timeout={round(patience_s * 1000)} {server_options}"
    return {"autocommit": True, "application_name": f"faregate {name}", "options": options, **_NETWORK}


async def wait_for_schema(conninfo: str = "") -> None:
    """Return once PostgreSQL answers with the schema of this release; raises SchemaMismatch for another."""
    pause_s = 0.1
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(conninfo, connect_timeout=5) as connection:
                return await check_schema_async(connection)
        except psycopg.OperationalError as error:
            log.warning("PostgreSQL does not answer, trying again in %.1f s: %s", pause_s, error)
        await asyncio.sleep(pause_s)
        pause_s = min(MAX_PAUSE_S, pause_s * 2)

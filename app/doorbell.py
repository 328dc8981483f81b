"""Wakes the relay when the outbox has something new.

A notify inside the decision's own transaction would make all commits queue for one lock, so it is sent after
them, once for however many came together.
"""

import asyncio
import logging

import psycopg
from psycopg_pool import PoolTimeout

from app.postgres import Pool
from app.queries import query

REST_S = 0.02  # between two rings: under load the relay takes several events at once
log = logging.getLogger("faregate.doorbell")


class Doorbell:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def serve(self) -> None:
        """Pass every ring on until cancelled. One lost is no harm: the relay also looks by itself."""
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                async with self._pool.connection() as connection:
                    await connection.execute(query("ring"))
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("the relay was not woken, it looks by itself: %s", error)
            await asyncio.sleep(REST_S)

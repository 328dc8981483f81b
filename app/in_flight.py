"""Payments between their arrival and the moment when the stream tells of them."""

import asyncio
import logging
from collections.abc import Callable

import psycopg
from psycopg_pool import PoolTimeout

from app.postgres import Pool
from app.queries import query
from domain.decision import Verdict
from domain.events import PaymentDecided, event_time_ms

KEPT_MS = 120_000  # histories older than a minute are not used, so the stream has told of these
SWEEP_EVERY_S = 5.0
UNDECIDED = "undecided"  # the decision id of an attempt, see domain.vector.as_attempt
log = logging.getLogger("faregate.in_flight")


def known_verdict(payment: PaymentDecided) -> Verdict | None:
    """None while it waits: an attempt bears a verdict only because an event must."""
    return None if payment.decision_id == UNDECIDED else payment.verdict


def overlaid(in_flight: tuple[PaymentDecided, ...]) -> list[tuple[str, Verdict | None, int]]:
    """What the ledger keeps of the payments in flight: each with the verdict and the time it was known by."""
    return [(payment.transaction_id, known_verdict(payment), event_time_ms(payment)) for payment in in_flight]


class Sweeper:
    """Removes payments that are in flight no more."""

    def __init__(self, pool: Pool, now_ms: Callable[[], int]) -> None:
        self._pool = pool
        self._now_ms = now_ms

    async def sweep(self) -> int:
        """How many were removed."""
        async with self._pool.connection() as connection:
            done = await connection.execute(query("sweep_flight"), {"before_ms": self._now_ms() - KEPT_MS})
        return done.rowcount

    async def serve(self) -> None:
        """Sweep now and then until cancelled; what was left is taken the next time."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                await self.sweep()
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("payments in flight were not swept: %s", error)

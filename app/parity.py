"""What the newest parity check found: vectors of live decisions, computed again from raw events."""

import psycopg
from msgspec import Struct
from psycopg.rows import class_row
from psycopg_pool import PoolTimeout

from app.postgres import Pool
from app.queries import query
from domain.errors import Retryable


class ParityUnknown(Retryable):
    """The checks cannot be read."""


class ParityCheck(Struct, frozen=True, kw_only=True):
    """How many decisions were looked at, and how many vectors came out equal.

    `as_known` folds what was known when the decision was made, `with_hindsight` all that was true then.
    """

    decisions: int
    as_known: int
    with_hindsight: int


class ParityChecks:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self) -> ParityCheck | None:
        """None before the first check; raises ParityUnknown."""
        try:
            async with self._pool.connection() as connection:
                cursor = connection.cursor(row_factory=class_row(ParityCheck))
                await cursor.execute(query("newest_parity_check"))
                return await cursor.fetchone()
        except (psycopg.Error, PoolTimeout) as error:
            raise ParityUnknown(f"the parity checks cannot be read: {error}") from error

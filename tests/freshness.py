"""How old the newest features of a running stack are, as its API works it out."""

import time
from math import inf

import psycopg
from waiting import eventually

from deploy.embedded.stack import Stack
from domain.online_store import WATERMARK_VIEW, decode_watermark

FRESH_MS = 1_000
AGE = "select payload from online_store where view = %s"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def age_ms(connection: psycopg.Connection) -> float:
    """Endless while nothing was told yet."""
    row = connection.execute(AGE, (WATERMARK_VIEW,), binary=True).fetchone()
    return now_ms() - decode_watermark(row[0]) if row else inf


def wait_fresh(stack: Stack, *, within_s: float = 90) -> None:
    """Until features are fresh that were told of after the call; the database may be away meanwhile."""
    since_ms = now_ms()

    def fresh() -> bool:
        try:
            with psycopg.connect(stack.addresses.conninfo["faregate_console"]) as connection:
                age = age_ms(connection)
        except psycopg.OperationalError:
            return False
        return age < FRESH_MS and now_ms() - age > since_ms

    eventually(fresh, within_s=within_s, what="fresh features")

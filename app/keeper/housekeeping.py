"""Partitions made ahead, and rows removed that have served their time, in small batches."""

import logging
from collections import Counter

import psycopg

from app.keeper.ledger_rows import query

DAYS_AHEAD = 7
PRUNED = ("outbox", "idempotency", "pulses", "parity_checks", "shadow_scores", "drift_checks")
BATCH, MOST_BATCHES = 1_000, 10  # of a table and turn
log = logging.getLogger("faregate.keeper")


def make_partitions(connection: psycopg.Connection) -> bool:
    """The ledger's next days; False if the table was busy, and it should be tried again soon."""
    try:
        with connection.transaction():
            connection.execute(query("wait_briefly"))
            row = connection.execute(query("make_partitions"), {"days": DAYS_AHEAD}).fetchone()
    except psycopg.errors.LockNotAvailable:
        return False
    if row and row[0]:
        log.info("made %d partitions of the ledger", row[0])
    return True


def prune(connection: psycopg.Connection) -> Counter[str]:
    """How many rows of which table were removed."""
    removed: Counter[str] = Counter()
    for table in PRUNED:
        for _ in range(MOST_BATCHES):
            count = connection.execute(query(f"prune_{table}"), {"limit": BATCH}).rowcount
            removed[table] += count
            if count < BATCH:
                break
    return removed

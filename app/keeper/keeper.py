"""The keeper's round: seals every second, partitions and pruning now and then."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from threading import Event

import psycopg

from app.keeper import housekeeping
from app.keeper.heads import HeadsFile
from app.keeper.ledger_rows import connect, query
from app.keeper.sealer import MOST_ROWS, LedgerSetBack, Sealer
from app.migrations import check_schema

EVERY_S = 1.0
PRUNE_EVERY_S = 5.0
PARTITIONS_EVERY_S, PARTITIONS_AGAIN_S = 3600.0, 5.0
TELL_EVERY_S = 60.0
PAUSE_S = 2.0  # before a new connection
log = logging.getLogger("faregate.keeper")


class Keeper:
    """On one connection, done with when it raises psycopg.Error or OSError; `monotonic` in seconds."""

    def __init__(
        self, connection: psycopg.Connection, sealer: Sealer, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._sealer = sealer
        self._monotonic = monotonic
        self._seals = False
        self._said = ""
        self._due: dict[str, float] = {}
        self._done: Counter[str] = Counter()

    def turn(self) -> bool:
        """One round; True when more rows wait already."""
        if self._is_due("partitions", PARTITIONS_EVERY_S) and not housekeeping.make_partitions(
            self._connection
        ):
            self._due["partitions"] = self._monotonic() + PARTITIONS_AGAIN_S
        sealed = self._seal()
        if self._is_due("pruning", PRUNE_EVERY_S):
            self._done += housekeeping.prune(self._connection)
        self._tell()
        return sealed >= MOST_ROWS

    def _is_due(self, work: str, every_s: float) -> bool:
        now = self._monotonic()
        if now < self._due.get(work, 0.0):
            return False
        self._due[work] = now + every_s
        return True

    def _seal(self) -> int:
        if not self._may_seal():
            return 0
        try:
            sealed = self._sealer.turn()
        except LedgerSetBack as error:
            self._say(logging.ERROR, str(error))
            return 0
        self._said = ""
        self._done["rows sealed"] += sealed
        return sealed

    def _may_seal(self) -> bool:
        """One keeper at a time; another takes over when its connection ends."""
        if not self._seals:
            row = self._connection.execute(query("claim_sealing")).fetchone()
            self._seals = bool(row and row[0])
            if self._seals:
                self._sealer.heal()
            else:
                self._say(logging.INFO, "another keeper seals this ledger; this one stands by")
        return self._seals

    def _say(self, level: int, text: str) -> None:
        if text != self._said:
            log.log(level, "%s", text)
        self._said = text

    def _tell(self) -> None:
        if self._is_due("telling", TELL_EVERY_S) and self._done:
            words = ", ".join(f"{name} {count}" for name, count in sorted(self._done.items()) if count)
            log.info("up to seal %d: %s", self._sealer.number, words or "nothing to do")
            self._done.clear()


def serve(heads: HeadsFile, stop: Event, conninfo: str = "") -> None:
    """Keep the ledger until `stop` is set, whatever goes away and comes back; raises SchemaMismatch."""
    while not stop.is_set():
        try:
            _keep_on_one_connection(heads, stop, conninfo)
        except (psycopg.Error, OSError) as error:
            log.warning("starting anew in %.0f s: %s", PAUSE_S, str(error).strip())
            stop.wait(PAUSE_S)


def _keep_on_one_connection(heads: HeadsFile, stop: Event, conninfo: str) -> None:
    with connect("keeper", conninfo) as connection:
        check_schema(connection)
        keeper = Keeper(connection, Sealer(connection, heads, lambda: time.time_ns() // 1_000_000))
        log.info("keeping the ledger; heads go to %s", heads.path)
        while not stop.is_set():
            if not keeper.turn():
                stop.wait(EVERY_S)

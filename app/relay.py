"""Carries the outbox from PostgreSQL to Kafka, at least once, and sends the heartbeats: a process."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

import psycopg

from app import logs
from app.heartbeats import EVERY_S, beat
from app.migrations import check_schema
from app.outbox import Outbox, PostgresOutbox
from app.publisher import KafkaPublisher, Publisher
from domain.errors import FaregateError, Retryable
from domain.settings import KafkaSettings

BATCH = 500
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
RESTART_PAUSE_S = 0.5
log = logging.getLogger("faregate.relay")


@dataclass(kw_only=True)
class Relay:
    """`monotonic` in seconds."""

    outbox: Outbox
    publisher: Publisher
    stop: Event
    monotonic: Callable[[], float] = time.monotonic
    beat_every_s: float = EVERY_S
    _next_beat: float = 0.0
    _pause_s: float = field(default=FIRST_PAUSE_S)

    def run(self) -> None:
        while not self.stop.is_set():
            self.turn()

    def turn(self) -> None:
        """Send what waits, beat if it is time, and rest until there is something to do."""
        passed = self.outbox.pass_on(self.publisher.send, BATCH)
        self._beat_if_due()
        if passed.sent < passed.taken:
            self._rest_after_failure()
        else:
            self._pause_s = FIRST_PAUSE_S
            if passed.taken < BATCH:
                self.outbox.wait(max(0.0, self._next_beat - self.monotonic()))

    def _beat_if_due(self) -> None:
        now = self.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + self.beat_every_s
            beat(self.publisher, self.outbox.settled())

    def _rest_after_failure(self) -> None:
        self.stop.wait(self._pause_s)
        self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)


def serve(settings: KafkaSettings, stop: Event, conninfo: str = "") -> None:
    """Relay until `stop` is set, whatever goes away and comes back; raises SchemaMismatch."""
    while not stop.is_set():
        try:
            _relay_on_one_connection(settings, stop, conninfo)
        except (psycopg.OperationalError, Retryable) as error:
            log.warning("starting anew in %.1f s: %s", RESTART_PAUSE_S, error)
            stop.wait(RESTART_PAUSE_S)


def _relay_on_one_connection(settings: KafkaSettings, stop: Event, conninfo: str) -> None:
    with psycopg.connect(
        conninfo, autocommit=True, application_name="faregate relay", connect_timeout=5
    ) as connection:
        check_schema(connection)
        publisher = KafkaPublisher(settings, stop.is_set)
        log.info("relaying to Kafka at %s", settings.bootstrap)
        try:
            Relay(outbox=PostgresOutbox(connection), publisher=publisher, stop=stop).run()
        finally:
            publisher.close()


def main() -> int:
    logs.configure("relay")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        serve(KafkaSettings.from_env(os.environ), stop)
    except FaregateError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

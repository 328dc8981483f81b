"""`python -m feature_repo.rings`: builds rings from the source topics; `--rebuild` has them built anew."""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg
from confluent_kafka import Consumer, KafkaException

from domain.display import SECOND_MS, count, duration_ms
from domain.errors import FaregateError, Retryable
from domain.settings import KafkaSettings, required
from feature_repo.rings import source
from feature_repo.rings.builder import RingBuilder
from feature_repo.rings.postgres_rings import PostgresRings

log = logging.getLogger("faregate.rings")
AGAIN_S = 0.5
TELL_EVERY_S = 60.0


def serve(home: Path, bootstrap: str, stop: threading.Event, conninfo: str = "") -> None:
    """Build until `stop` is set, whatever goes away and comes back."""
    while not stop.is_set():
        try:
            with _connected(conninfo) as connection:
                build(PostgresRings(connection), home, bootstrap, stop)
        except (psycopg.OperationalError, Retryable, KafkaException) as problem:
            log.warning("starting anew in %.1f s: %s", AGAIN_S, str(problem).strip())
            stop.wait(AGAIN_S)


def build(rings: PostgresRings, home: Path, bootstrap: str, stop: threading.Event) -> None:
    """From what is kept, and from the archive if that is nothing, on one connection."""
    if not _has_turn(rings, stop):
        return
    builder = RingBuilder(rings.keep, rings.load(), time.monotonic)
    log.info("%s links of %s riders are known", count(builder.links), count(builder.riders))
    if not builder.reached:
        for batch in source.archived(home / "archive" / "raw"):
            builder.take(batch)
            if stop.is_set():
                return
    with closing(source.open_consumer(bootstrap)) as consumer:
        source.read_from(consumer, builder.reached)
        _follow(builder, consumer, stop)


def _has_turn(rings: PostgresRings, stop: threading.Event) -> bool:
    told = False
    while not rings.has_turn():
        if not told:
            log.warning("another builder works on these rings; waiting for its end")
            told = True
        if stop.wait(AGAIN_S):
            return False
    return True


def _follow(builder: RingBuilder, consumer: Consumer, stop: threading.Event) -> None:
    told_at = time.monotonic()
    while not stop.is_set():
        builder.take(source.next_batch(consumer))
        if time.monotonic() >= told_at + TELL_EVERY_S:
            tell(builder)
            told_at = time.monotonic()
    builder.rest()
    tell(builder)


def tell(builder: RingBuilder) -> None:
    age_ms = time.time_ns() // 1_000_000 - builder.read_until_ms()
    log.info(
        "%s rings among %s riders with %s links; all sources were read up to %s ago; %s records left out",
        count(builder.rings()), count(builder.riders), count(builder.links),
        duration_ms(max(age_ms, SECOND_MS)), count(builder.refused),
    )  # fmt: skip


def rebuild(conninfo: str = "") -> int:
    """Forget all rings: the builder that runs, or the next one, begins anew. Returns the new epoch."""
    with _connected(conninfo) as connection:
        return PostgresRings(connection).begin_anew()


def _connected(conninfo: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(conninfo, autocommit=True, application_name="faregate-rings", connect_timeout=5)


def main(words: Sequence[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="python -m feature_repo.rings", description=__doc__)
    parser.add_argument("--rebuild", action="store_true", help="forget all rings: they are built anew")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        if parser.parse_args(words).rebuild:
            log.info("rings are built anew, as epoch %s", rebuild())
        else:
            home = Path(required(os.environ, "FAREGATE_HOME", "which folder holds the archive"))
            serve(home, KafkaSettings.from_env(os.environ).bootstrap, stop)
    except (FaregateError, psycopg.Error) as problem:
        log.error("%s", problem)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

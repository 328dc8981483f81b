"""`python -m feature_repo.writer`: the features topics into the online store and the archive."""

import fcntl
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition

from domain.display import count
from domain.errors import FaregateError
from domain.settings import KafkaSettings, required
from domain.topics import SOURCES
from feature_repo.archive_filing import Filing
from feature_repo.archive_folder import ArchiveFolder
from feature_repo.archive_merge import Merger
from feature_repo.archive_merge_beside import MergeBeside
from feature_repo.archive_merge_swap import MergeAndSwap
from feature_repo.archiver import Archiver, wall_clock_ms
from feature_repo.features_consumer import open_consumer, read_from_committed, readable
from feature_repo.online_writer import OnlineWriter, PostgresWrites
from feature_repo.raw_archiver import RawRecords, raw_folder
from feature_repo.snapshots import VIEW_OF_TOPIC, Snapshots

log = logging.getLogger(__name__)
GROUP = "faregate-writer"
BATCH_MESSAGES = 2_000
LINGER_S = 0.003
IDLE_S = 0.2


class AnotherWriter(FaregateError):
    """Two writers would archive the same messages."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another writer works in {folder}: stop it first, `faregate status` shows it")


def follow(consumer: Consumer, writer: OnlineWriter, stop: threading.Event) -> None:
    """Write until `stop` is set; offsets are committed only for what the store holds."""
    while not stop.is_set():
        messages = consumer.consume(1, timeout=IDLE_S)
        if not messages:
            continue
        messages += consumer.consume(BATCH_MESSAGES - 1, timeout=LINGER_S)
        writer.take(readable(messages))
        newest = {(m.topic(), m.partition()): m.offset() for m in messages if not m.error()}
        consumer.store_offsets(offsets=[TopicPartition(*place, at + 1) for place, at in newest.items()])


def run(home: Path, bootstrap: str, stop: threading.Event) -> None:
    """The online writer and both archivers until `stop` is set, or one of them fails."""
    archive = home / "archive"
    with _only_writer(archive), ExitStack() as beside:
        for archiver in (_snapshot_archiver(archive, bootstrap), _raw_archiver(archive, bootstrap)):
            beside.enter_context(_beside(archiver, stop))
        _write_online(bootstrap, stop)


def _snapshot_archiver(archive: Path, bootstrap: str) -> Archiver[Any]:
    folder = ArchiveFolder(archive)
    merger = Merger(MergeAndSwap(), folder, list(VIEW_OF_TOPIC.values()), wall_clock_ms)
    return Archiver(Filing(Snapshots(), folder, wall_clock_ms), bootstrap, when_idle=merger.step)


def _raw_archiver(archive: Path, bootstrap: str) -> Archiver[Any]:
    folder = raw_folder(archive)
    merger = Merger(MergeBeside(), folder, SOURCES, wall_clock_ms)
    return Archiver(Filing(RawRecords(), folder, wall_clock_ms), bootstrap, when_idle=merger.step)


def _write_online(bootstrap: str, stop: threading.Event) -> None:
    connect = partial(psycopg.connect, autocommit=True, application_name="faregate-writer")
    with (
        closing(PostgresWrites(connect, stop)) as writes,
        closing(open_consumer(bootstrap, GROUP)) as consumer,
    ):
        read_from_committed(consumer, stop)
        writer = OnlineWriter(writes)
        log.info("writing features to the online store")
        follow(consumer, writer, stop)
    log.info(
        "stopped after %s rows, %s messages left out", *map(count, (writer.rows_written, writer.refused))
    )


@contextmanager
def _beside(archiver: Archiver[Any], stop: threading.Event) -> Iterator[None]:
    """The archiver in a thread of its own; a fault in it ends the writer and comes out here."""
    faults: list[Exception] = []

    def work() -> None:
        try:
            archiver.run(stop)
        except Exception as fault:  # noqa: BLE001 - raised again by the main thread
            faults.append(fault)
            stop.set()
        log.info("%s stopped after %s rows", archiver.name, count(archiver.rows_written))

    thread = threading.Thread(target=work, name=archiver.name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if faults:
        raise faults[0]


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".writer.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherWriter(folder) from None
        yield


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        home = Path(required(os.environ, "FAREGATE_HOME", "which folder holds the archive"))
        run(home, KafkaSettings.from_env(os.environ).bootstrap, stop)
    except (FaregateError, KafkaException, psycopg.Error) as problem:
        log.error("%s", problem)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

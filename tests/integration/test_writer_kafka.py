"""The writer process between a real Kafka and a real PostgreSQL."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from feature_backends import Database, a_broker, a_database, a_home
from pyarrow import dataset
from waiting import eventually

from domain.display import MINUTE_MS
from domain.feature_message import HistoryMessage, WatermarkMessage, encode_message
from domain.history import History, encode_history
from domain.online_store import decode_watermark
from domain.topics import FEATURES, MURMUR2, features_topic, key_for_partition
from feature_repo.archive_file import Span
from feature_repo.archive_filing import Filing
from feature_repo.archive_folder import ArchiveFolder
from feature_repo.archiver import Archiver
from feature_repo.snapshots import Snapshots
from feature_repo.views import CARD

KNOWN_MS = 1_790_000_000_000 // MINUTE_MS * MINUTE_MS


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with a_home() as home, a_database(home) as database:
        yield database


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    with a_home() as home, a_broker(home) as bootstrap:
        yield bootstrap


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as connection:
        connection.execute("delete from online_store")
        yield connection


class Stream:
    """Speaks as the job does."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer({"bootstrap.servers": bootstrap, "partitioner": MURMUR2})

    def history(self, entity_id: str, version: int, *, known_at_ms: int = KNOWN_MS) -> None:
        history = History(version=version, known_at_ms=known_at_ms)
        told = HistoryMessage(
            kind="card",
            entity_id=entity_id,
            epoch=1,
            version=version,
            known_at_ms=known_at_ms,
            payload=encode_history(history),
        )
        self.raw(entity_id, encode_message(told))

    def raw(self, key: str, body: bytes) -> None:
        self._producer.produce(features_topic("card").name, key=key, value=body)
        self._producer.flush()

    def watermark(self, low_ms: int) -> None:
        body = encode_message(WatermarkMessage(subtask=0, subtasks=1, low_watermark_ms=low_ms))
        for topic in FEATURES:
            for partition in range(topic.partitions):
                key = key_for_partition(partition, topic.partitions, "watermark")
                self._producer.produce(topic.name, key=key, value=body)
        self._producer.flush()


@pytest.fixture
def stream(bootstrap: str) -> Stream:
    return Stream(bootstrap)


@contextmanager
def writing(database: Database, bootstrap: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    env = {"FAREGATE_KAFKA": bootstrap, "FAREGATE_HOME": str(home), "PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        [sys.executable, "-m", "feature_repo.writer"],
        env=env | database.env("faregate_writer"),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        print(process.communicate(timeout=20)[1])  # noqa: T201 - shown when the test fails


def version_of(connection: psycopg.Connection, entity_id: str) -> int | None:
    row = connection.execute(
        "select version from online_store where view = 'card_history' and entity_id = %s", (entity_id,)
    ).fetchone()
    return row[0] if row else None


def watermark_in(connection: psycopg.Connection) -> int | None:
    row = connection.execute("select payload from online_store where view = 'pipeline_watermark'").fetchone()
    return decode_watermark(row[0]) if row else None


def test_histories_and_the_watermark_reach_the_store(
    database: Database, bootstrap: str, stream: Stream, connection: psycopg.Connection, tmp_path: Path
) -> None:
    with writing(database, bootstrap, tmp_path) as process:
        stream.history("card_a", 1)
        stream.raw("card_x", b"no message of ours")
        stream.history("card_a", 3)
        stream.history("card_a", 2)
        stream.history("card_b", 1)
        stream.watermark(KNOWN_MS)
        eventually(lambda: watermark_in(connection) == KNOWN_MS)
        assert (version_of(connection, "card_a"), version_of(connection, "card_b")) == (3, 1)
    assert process.returncode == 0


def test_a_restarted_writer_goes_on_where_it_stopped(
    database: Database, bootstrap: str, stream: Stream, connection: psycopg.Connection, tmp_path: Path
) -> None:
    stream.history("card_c", 1)
    with writing(database, bootstrap, tmp_path):
        eventually(lambda: version_of(connection, "card_c") == 1)
    connection.execute("delete from online_store")
    stream.history("card_d", 1)
    with writing(database, bootstrap, tmp_path):
        eventually(lambda: version_of(connection, "card_d") == 1)
    assert version_of(connection, "card_c") is None


def test_a_killed_writer_writes_again_what_it_had_not_committed(
    database: Database, bootstrap: str, stream: Stream, connection: psycopg.Connection, tmp_path: Path
) -> None:
    with writing(database, bootstrap, tmp_path) as process:
        stream.history("card_e", 1)
        eventually(lambda: version_of(connection, "card_e") == 1)
        process.kill()
    stream.history("card_f", 1)
    with writing(database, bootstrap, tmp_path):
        eventually(lambda: version_of(connection, "card_f") == 1)
    assert version_of(connection, "card_e") == 1


def test_a_second_writer_is_refused(
    database: Database, bootstrap: str, stream: Stream, connection: psycopg.Connection, tmp_path: Path
) -> None:
    with writing(database, bootstrap, tmp_path):
        stream.history("card_z", 1)
        eventually(lambda: version_of(connection, "card_z") == 1)
        with writing(database, bootstrap, tmp_path) as second:
            assert second.wait(timeout=30) == 1
            assert second.stderr
            assert "another writer works in" in second.stderr.read()


@contextmanager
def archiving(bootstrap: str, folder: ArchiveFolder) -> Iterator[Archiver[HistoryMessage]]:
    """Its clock runs so fast that a flush is always due."""
    now_ms = iter(range(KNOWN_MS + 10 * MINUTE_MS, 10 * KNOWN_MS, MINUTE_MS))
    filing = Filing(Snapshots(), folder, lambda: next(now_ms))
    archiver, stop = Archiver(filing, bootstrap), threading.Event()
    thread = threading.Thread(target=archiver.run, args=(stop,))
    thread.start()
    try:
        yield archiver
    finally:
        stop.set()
        thread.join()


def archived(folder: ArchiveFolder) -> list[tuple[str, int]]:
    if not folder.of_view(CARD).exists():
        return []
    table = dataset.dataset(folder.of_view(CARD), partitioning="hive").to_table(["card_id", "version"])
    return sorted((row["card_id"], row["version"]) for row in table.to_pylist())


@pytest.fixture
def folder(bootstrap: str, tmp_path: Path) -> ArchiveFolder:
    """As if all that the tests before told were archived."""
    folder = ArchiveFolder(tmp_path)
    for partition, end in ends(bootstrap).items():
        folder.set_position(CARD, FEATURES[0].name, partition, end)
    return folder


def ends(bootstrap: str) -> dict[int, int]:
    """Of each partition of the cards' topic."""
    return eventually(lambda: told_ends(bootstrap), what="the broker's word")


def told_ends(bootstrap: str) -> dict[int, int]:
    """Empty while the broker is too young to say."""
    with closing(Consumer({"bootstrap.servers": bootstrap, "group.id": "test"})) as consumer:
        partitions = [TopicPartition(FEATURES[0].name, number) for number in range(FEATURES[0].partitions)]
        try:
            return {
                each.partition: consumer.get_watermark_offsets(each, timeout=10)[1] for each in partitions
            }
        except KafkaException:
            return {}


def test_snapshots_are_archived_once_over_a_restart(
    bootstrap: str, stream: Stream, folder: ArchiveFolder
) -> None:
    three_days_ms = 3 * 24 * 60 * MINUTE_MS
    for version in (1, 2):
        stream.history("card_a", version)
    stream.history("card_b", 1, known_at_ms=KNOWN_MS - three_days_ms)
    with archiving(bootstrap, folder) as archiver:
        eventually(lambda: archiver.rows_written == 2)
    assert archived(folder) == [("card_a", 2), ("card_b", 1)]
    stream.history("card_a", 3, known_at_ms=KNOWN_MS + MINUTE_MS)
    with archiving(bootstrap, folder) as archiver:
        eventually(lambda: archiver.rows_written == 1)
    assert archived(folder) == [("card_a", 2), ("card_a", 3), ("card_b", 1)]
    assert len({file.parent for file in folder.of_view(CARD).rglob("*.parquet")}) == 2


def test_files_of_a_crash_are_replaced(bootstrap: str, stream: Stream, folder: ArchiveFolder) -> None:
    before = ends(bootstrap)
    stream.history("card_a", 1)
    with archiving(bootstrap, folder) as archiver:
        eventually(lambda: archiver.rows_written == 1)
    for partition, position in before.items():  # as if it had ended before it noted the position
        folder.set_position(CARD, FEATURES[0].name, partition, position)
    stream.history("card_a", 2, known_at_ms=KNOWN_MS + MINUTE_MS)
    with archiving(bootstrap, folder) as archiver:
        eventually(lambda: archiver.rows_written == 2)
    assert archived(folder) == [("card_a", 1), ("card_a", 2)]


def test_the_archive_of_another_broker_is_set_aside(bootstrap: str, stream: Stream, tmp_path: Path) -> None:
    """It is known by positions that our broker has not come to yet."""
    folder = ArchiveFolder(tmp_path)
    for partition in range(FEATURES[0].partitions):
        span = Span(topic=FEATURES[0].name, partition=partition, first=0, last=999)
        folder.add(CARD, "2026-09-21", span, lambda part: part.write_bytes(b"theirs"))
        folder.set_position(CARD, span.topic, partition, 1_000)
    stream.history("card_of_ours", 1)
    known = ends(bootstrap)
    with archiving(bootstrap, folder):
        eventually(lambda: len(list((tmp_path / "set-aside").rglob("*.parquet"))) == len(known))
        eventually(lambda: {p: folder.position(CARD, FEATURES[0].name, p) for p in known} == known)
    assert ("card_of_ours", 1) in archived(folder)

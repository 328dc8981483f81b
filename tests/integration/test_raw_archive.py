"""The archiver of the source topics on a real Kafka: every record once, over stops, crashes and merges."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from event_factories import a_heartbeat, a_login, a_payment, a_payment_outcome
from feature_backends import a_broker, a_home
from waiting import eventually

from domain.events import encode_event
from domain.raw_record import RawRecord
from domain.topics import BY_NAME, DECISIONS, LABELS, MURMUR2, RIDES, SOURCES, Topic
from feature_repo.archive_filing import Filing
from feature_repo.archive_folder import ArchiveFolder
from feature_repo.archive_merge import Merger
from feature_repo.archive_merge_beside import MergeBeside
from feature_repo.archiver import Archiver
from feature_repo.raw_archive import RawArchive
from feature_repo.raw_archiver import RawRecords, raw_folder
from feature_repo.raw_table import Row

NOON_MS = 1_789_992_000_000
STEP_MS = 60_000  # so that a flush is always due
RIDERS = [f"usr_{letter}" for letter in "abcdefghijklmnop"]
SENT_A_ROUND = 3 * len(RIDERS)


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    with a_home() as home, a_broker(home) as bootstrap:
        yield bootstrap


@pytest.fixture
def folder(bootstrap: str, tmp_path: Path) -> ArchiveFolder:
    """As if all that the tests before told were archived, and its files deleted since."""
    folder = raw_folder(tmp_path)
    for topic, number, end in eventually(lambda: topic_ends(bootstrap)):
        folder.set_position(topic, topic.name, number, end)
    return folder


def topic_ends(bootstrap: str) -> list[tuple[Topic, int, int]]:
    """Empty while the broker is too young to say."""
    with closing(Consumer({"bootstrap.servers": bootstrap, "group.id": "test"})) as consumer:
        try:
            return [
                (topic, n, consumer.get_watermark_offsets(TopicPartition(topic.name, n), timeout=10)[1])
                for topic in SOURCES
                for n in range(topic.partitions)
            ]
        except KafkaException:
            return []


@pytest.fixture
def archive(folder: ArchiveFolder) -> RawArchive:
    return RawArchive(folder.root)


def tell_a_round(bootstrap: str, at_ms: int = NOON_MS) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": MURMUR2})
    for rider in RIDERS:
        for topic, event in (
            (RIDES, a_login(user_id=rider, at_ms=at_ms)),
            (RIDES, a_heartbeat(at_ms=at_ms)),
            (DECISIONS, a_payment(user_id=rider, at_ms=at_ms)),
            (LABELS, a_payment_outcome(user_id=rider, at_ms=at_ms)),
        ):
            producer.produce(topic.name, key=rider, value=encode_event(event), timestamp=at_ms)
    producer.flush()


@contextmanager
def archiving(bootstrap: str, folder: ArchiveFolder) -> Iterator[Archiver[Row]]:
    times_ms = iter(range(NOON_MS, 10 * NOON_MS, STEP_MS))
    filing = Filing(RawRecords(), folder, lambda: next(times_ms))
    archiver, stop = Archiver(filing, bootstrap), threading.Event()
    thread = threading.Thread(target=archiver.run, args=(stop,))
    thread.start()
    try:
        yield archiver
    finally:
        stop.set()
        thread.join()


def archive_all(bootstrap: str, folder: ArchiveFolder, new: int) -> None:
    with archiving(bootstrap, folder) as archiver:
        eventually(lambda: archiver.rows_written == new)
    assert archiver.rows_written == new


def whole_and_once(records: list[RawRecord], rounds: int) -> bool:
    places = {(record.topic, record.partition, record.offset) for record in records}
    return len(places) == len(records) == rounds * SENT_A_ROUND


def test_records_are_archived_once_over_a_restart(
    bootstrap: str, folder: ArchiveFolder, archive: RawArchive
) -> None:
    tell_a_round(bootstrap)
    archive_all(bootstrap, folder, SENT_A_ROUND)
    tell_a_round(bootstrap, NOON_MS + 1)
    archive_all(bootstrap, folder, SENT_A_ROUND)
    assert whole_and_once(list(archive.records()), rounds=2)
    assert {record.record_time_ms for record in archive.records()} == {NOON_MS, NOON_MS + 1}
    assert {record.topic for record in archive.records(entities={"card_id": {"card_a"}})} == {
        DECISIONS.name, LABELS.name,
    }  # fmt: skip


def test_files_of_a_crash_are_replaced(bootstrap: str, folder: ArchiveFolder, archive: RawArchive) -> None:
    starts = archive.end_positions()
    tell_a_round(bootstrap)
    archive_all(bootstrap, folder, SENT_A_ROUND)
    for (topic, partition), start in starts.items():  # as if it had ended before it noted the positions
        folder.set_position(BY_NAME[topic], topic, partition, start)
    tell_a_round(bootstrap)
    archive_all(bootstrap, folder, 2 * SENT_A_ROUND)
    assert whole_and_once(list(archive.records()), rounds=2)


def test_what_is_no_event_is_kept_as_it_was(
    bootstrap: str, folder: ArchiveFolder, archive: RawArchive
) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for key, body in ((b"\xff", b"\x00no json"), (None, None)):
        producer.produce(RIDES.name, key=key, value=body, partition=1, timestamp=NOON_MS)
    producer.flush()
    archive_all(bootstrap, folder, 2)
    assert [(record.key, record.body) for record in archive.records()] == [
        (b"\xff", b"\x00no json"), (None, None),
    ]  # fmt: skip


def test_the_archive_of_another_broker_is_set_aside(
    bootstrap: str, folder: ArchiveFolder, archive: RawArchive
) -> None:
    tell_a_round(bootstrap)
    archive_all(bootstrap, folder, SENT_A_ROUND)
    with a_home() as home, a_broker(home) as other:  # its topics are as long as ours
        tell_a_round(other, NOON_MS + 7)
        archive_all(other, folder, SENT_A_ROUND)
    assert {record.record_time_ms for record in archive.records()} == {NOON_MS + 7}
    assert whole_and_once(list(archive.records()), rounds=1)


def test_an_archiver_goes_on_after_its_files_were_merged(
    bootstrap: str, folder: ArchiveFolder, archive: RawArchive
) -> None:
    merger = Merger(MergeBeside(), folder, SOURCES, lambda: NOON_MS + 86_400_000)
    for rounds in (1, 2, 3):
        tell_a_round(bootstrap)
        archive_all(bootstrap, folder, SENT_A_ROUND)
        while merger.step():
            pass
        assert whole_and_once(list(archive.records()), rounds=rounds)
    partitions = {(record.topic, record.partition) for record in archive.records()}
    assert len(list(folder.root.rglob("*.parquet"))) == len(partitions)

"""Each record is in the archive once, whatever happens in between."""

from pathlib import Path

import pytest
from crashes import at_every_change
from event_factories import a_heartbeat, a_login
from raw_factories import DAY_MS, MIDNIGHT_MS, NOON_MS, TOPIC, Archiving, StoredMessage, a_message

from domain.topics import RIDES
from feature_repo.raw_archiver import RawRecords


def around_midnight(count: int = 12) -> list[StoredMessage]:
    """Every second record is of the day after."""
    return [a_message(n, a_login(at_ms=MIDNIGHT_MS - DAY_MS // 4 + n % 2 * DAY_MS)) for n in range(count)]


def test_records_come_out_as_they_went_in(tmp_path: Path) -> None:
    archiving, messages = Archiving(tmp_path), around_midnight()
    archiving.take(messages)
    found = [(record.offset, record.record_time_ms, record.body) for record in archiving.archive.records()]
    assert found == [(message.at, message.time_ms, message.body) for message in messages]
    assert archiving.filing.rows_written == 12


def test_a_killed_archiver_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    messages, started = around_midnight(), iter(range(100))
    root = tmp_path

    def begin() -> None:
        nonlocal root
        root = tmp_path / str(next(started))
        Archiving(root).take(messages[:4])

    def work() -> None:
        Archiving(root).take(messages, at_once=3)

    for _ in at_every_change(work, begin):
        offsets = Archiving(root).offsets()
        assert offsets == list(range(len(offsets))), "what is readable after the crash has no hole"
        Archiving(root).take(messages, at_once=5)
        assert Archiving(root).offsets() == list(range(12))


def test_what_a_crash_left_past_the_position_is_not_read(tmp_path: Path) -> None:
    archiving = Archiving(tmp_path)
    archiving.take(around_midnight())
    archiving.folder.set_position(RawRecords().shelf(TOPIC), TOPIC, 0, 0)
    assert archiving.offsets() == []


def test_heartbeats_move_the_position_and_make_no_files(tmp_path: Path) -> None:
    archiving = Archiving(tmp_path)
    archiving.take([a_message(n, a_heartbeat()) for n in range(5)])
    assert archiving.names() == []
    assert archiving.archive.end_positions()[TOPIC, 0] == 5
    archiving.take([a_message(5, a_login()), a_message(6, a_heartbeat())])
    assert archiving.offsets() == [5]


def test_files_of_records_that_the_topic_lost_are_set_aside(tmp_path: Path) -> None:
    archiving, messages = Archiving(tmp_path), around_midnight()
    archiving.take(messages, at_once=4)
    again = [*messages[:6], *(a_message(n, a_login()) for n in range(6, 8))]
    Archiving(tmp_path).take(messages[:6])
    Archiving(tmp_path).take(again)
    assert [record.body for record in archiving.archive.records()] == [message.body for message in again]
    assert len(list((archiving.folder.root / "set-aside").rglob("*.parquet"))) == 4


def test_the_files_of_a_topic_that_was_made_anew_are_set_aside(tmp_path: Path) -> None:
    archiving, fresh = Archiving(tmp_path), [a_message(n, a_login(at_ms=NOON_MS)) for n in range(20)]
    archiving.filing.recognise(RIDES, "first")
    archiving.take(around_midnight(), at_once=4)
    archiving.filing.recognise(RIDES, "first")
    assert archiving.offsets() == list(range(12))
    archiving.filing.recognise(RIDES, "second")
    archiving.take(fresh)
    assert [record.body for record in archiving.archive.records()] == [message.body for message in fresh]
    assert len(list((archiving.folder.root / "set-aside").rglob("*.parquet"))) == 6


def test_a_crash_while_the_old_topic_is_set_aside_does_no_harm(tmp_path: Path) -> None:
    started, root = iter(range(100)), tmp_path

    def begin() -> None:
        nonlocal root
        root = tmp_path / str(next(started))
        Archiving(root).filing.recognise(RIDES, "first")
        Archiving(root).take(around_midnight(4), at_once=2)

    for _ in at_every_change(lambda: Archiving(root).filing.recognise(RIDES, "second"), begin):
        again = Archiving(root)
        again.filing.recognise(RIDES, "second")
        assert again.offsets() == []
        again.take(around_midnight(6))
        assert again.offsets() == list(range(6))
        assert len(list((again.folder.root / "set-aside").rglob("*.parquet"))) == 4


def test_records_deleted_before_they_were_read_are_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    archiving = Archiving(tmp_path)
    assert archiving.filing.settle(TOPIC, 0, 1_000, 2_000) == 0
    assert f"{TOPIC}-0 lost 1,000 messages before they were read" in caplog.text

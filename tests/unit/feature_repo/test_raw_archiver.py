from event_factories import a_heartbeat, a_login
from raw_factories import TOPIC, a_message

from domain.topics import SOURCES
from feature_repo.raw_archiver import RawRecords, WaitingRecords


def test_all_but_heartbeats_waits_to_be_written() -> None:
    waiting = WaitingRecords(TOPIC, 2, 7)
    for offset, event in enumerate((a_login(), a_heartbeat(), b"no json", None), start=7):
        waiting.add(a_message(offset, event))
    chunk = waiting.take(0)
    assert chunk
    assert [record.offset for record, _ in chunk.rows] == [7, 9, 10]
    assert (chunk.span.first, chunk.span.last) == (7, 10)


def test_nothing_is_taken_twice() -> None:
    waiting = WaitingRecords(TOPIC, 0, 0)
    assert waiting.take(0) is None
    waiting.add(a_message(0, a_login()))
    assert waiting.take(0)
    assert waiting.take(0) is None
    waiting.add(a_message(1, a_login()))
    chunk = waiting.take(0)
    assert chunk
    assert (chunk.span.first, len(chunk.rows)) == (1, 1)


def test_size_is_in_bytes_so_that_few_large_records_do_not_fill_the_memory() -> None:
    waiting = WaitingRecords(TOPIC, 0, 0)
    assert waiting.size == 0
    waiting.add(a_message(0, b"x" * 1_000_000))
    assert 1_000_000 < waiting.size < 1_001_000
    waiting.take(0)
    assert waiting.size == 0


def test_all_source_topics_are_archived_each_in_its_folder() -> None:
    subject = RawRecords()
    assert tuple(subject.topics) == SOURCES
    assert [subject.shelf(topic.name).name for topic in SOURCES] == [topic.name for topic in SOURCES]

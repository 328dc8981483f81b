import base64
import json
from pathlib import Path

import pytest
from event_factories import a_card_added, a_location, a_login, a_payment
from raw_factories import DAY_MS, MIDNIGHT_MS, NOON_MS, TOPIC, Archiving, a_message

from domain.topics import DECISIONS, LABELS, RIDES, SOURCES
from feature_repo.raw_archive import RawArchive
from feature_repo.raw_filter import Entities

EVENTS = (
    a_payment(user_id="usr_a", card_id="card_a", device_id="dev_a", pickup_zone="zone_a"),
    a_payment(user_id="usr_b", card_id="card_a", device_id="dev_b", pickup_zone="zone_b"),
    a_location(user_id="usr_c", device_id="dev_b", zone_id="zone_a"),
    a_card_added(user_id="usr_c", card_id="card_c", device_id="dev_c"),
)


@pytest.fixture
def archiving(tmp_path: Path) -> Archiving:
    return Archiving(tmp_path)


@pytest.mark.parametrize(
    ("entities", "offsets"),
    [
        (None, [0, 1, 2, 3, 4]),
        ({}, []),
        ({"user_id": set()}, []),
        ({"user_id": {"usr_c"}}, [2, 3]),
        ({"user_id": {"usr_a", "usr_b", "usr_z"}}, [0, 1]),
        ({"card_id": {"card_a"}}, [0, 1]),
        ({"device_id": {"dev_b"}}, [1, 2]),
        ({"zone_id": {"zone_a"}}, [0, 2]),
        ({"user_id": {"usr_a"}, "device_id": {"dev_c"}, "zone_id": {"zone_z"}}, [0, 3]),
    ],
)
def test_records_of_any_of_the_entities(
    archiving: Archiving, entities: Entities | None, offsets: list[int]
) -> None:
    archiving.take([*(a_message(n, event) for n, event in enumerate(EVENTS)), a_message(4, b"no json")])
    assert [record.offset for record in archiving.archive.records(entities=entities)] == offsets


def test_an_entity_of_another_kind_is_refused_at_once(archiving: Archiving) -> None:
    with pytest.raises(ValueError, match="not found by driver_id"):
        archiving.archive.records(entities={"driver_id": {"drv_a"}})


@pytest.mark.parametrize(
    ("from_ms", "until_ms", "offsets"),
    [
        (None, None, [0, 1, 2, 3]),
        (MIDNIGHT_MS, None, [2, 3]),
        (None, MIDNIGHT_MS, [0, 1]),
        (MIDNIGHT_MS - 1, MIDNIGHT_MS + 1, [1, 2]),
        (MIDNIGHT_MS + 2 * DAY_MS, None, []),
        (NOON_MS, NOON_MS, []),
    ],
)
def test_records_of_a_time(
    archiving: Archiving, from_ms: int | None, until_ms: int | None, offsets: list[int]
) -> None:
    times_ms = (NOON_MS, MIDNIGHT_MS - 1, MIDNIGHT_MS, MIDNIGHT_MS + DAY_MS - 1)
    archiving.take(a_message(n, a_login(), time_ms) for n, time_ms in enumerate(times_ms))
    assert [record.offset for record in archiving.archive.records(from_ms, until_ms)] == offsets


def test_a_time_and_entities_both_have_to_fit(archiving: Archiving) -> None:
    archiving.take(a_message(n, event, NOON_MS + n) for n, event in enumerate(EVENTS))
    found = archiving.archive.records(from_ms=NOON_MS + 1, entities={"card_id": {"card_a"}})
    assert [record.offset for record in found] == [1]


def test_records_come_by_time_and_each_partition_in_its_order(archiving: Archiving) -> None:
    for topic, partition in ((RIDES, 1), (DECISIONS, 3), (RIDES, 0), (LABELS, 1), (DECISIONS, 0)):
        times_ms = [MIDNIGHT_MS + step for step in (0, -1, DAY_MS, -DAY_MS, 2, -2)]
        archiving.take(
            [a_message(n, a_login(), time_ms) for n, time_ms in enumerate(times_ms)],
            topic=topic.name, partition=partition, at_once=4,
        )  # fmt: skip
    found = list(archiving.archive.records())
    assert len(found) == 30
    newest_ms: dict[tuple[str, int], int] = {}
    turns, offsets = [], {}
    for record in found:
        place = (record.topic, record.partition)
        assert record.offset == offsets.get(place, -1) + 1
        offsets[place] = record.offset
        newest_ms[place] = max(newest_ms.get(place, 0), record.record_time_ms)
        turns.append(newest_ms[place])
    assert turns == sorted(turns)


def test_records_archived_after_the_call_are_not_among_the_answers(archiving: Archiving) -> None:
    messages = [a_message(n, a_login()) for n in range(4)]
    archiving.take(messages[:2])
    records = archiving.archive.records()
    archiving.take(messages)
    assert [record.offset for record in records] == [0, 1]
    assert archiving.offsets() == [0, 1, 2, 3]


def test_end_positions_are_of_every_partition(archiving: Archiving) -> None:
    archiving.take([a_message(n, a_login()) for n in range(4)], partition=2)
    ends = archiving.archive.end_positions()
    assert len(ends) == sum(topic.partitions for topic in SOURCES)
    assert {place: end for place, end in ends.items() if end} == {(TOPIC, 2): 4}


def test_an_archive_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert list(RawArchive(tmp_path / "raw").records()) == []


def test_json_lines_hold_the_record_and_its_body_in_base64(archiving: Archiving, tmp_path: Path) -> None:
    archiving.take([a_message(0, EVENTS[0]), a_message(1, b"\xff"), a_message(2, None)])
    archiving.take([a_message(0, EVENTS[1])], topic=DECISIONS.name, partition=3)
    assert archiving.archive.export_json_lines(tmp_path / "out") == 4
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"{TOPIC}-0.jsonl", f"{DECISIONS.name}-3.jsonl",
    }  # fmt: skip
    lines = [json.loads(line) for line in (tmp_path / "out" / f"{TOPIC}-0.jsonl").read_bytes().splitlines()]
    assert [list(line) for line in lines] == [["topic", "partition", "offset", "record_time_ms", "body"]] * 3
    assert [line["offset"] for line in lines] == [0, 1, 2]
    assert [line["body"] and base64.b64decode(line["body"]) for line in lines[1:]] == [b"\xff", None]


def test_json_lines_of_chosen_records_only(archiving: Archiving, tmp_path: Path) -> None:
    archiving.take(a_message(n, event) for n, event in enumerate(EVENTS))
    assert archiving.archive.export_json_lines(tmp_path / "out", entities={"user_id": {"usr_z"}}) == 0
    assert list((tmp_path / "out").iterdir()) == []


def test_what_was_archived_at_the_call_is_read_though_files_were_merged_since(archiving: Archiving) -> None:
    messages = [a_message(offset, a_location(at_ms=NOON_MS + offset)) for offset in range(40)]
    for end in range(1, 16):
        archiving.take(messages[:end])
    records = archiving.archive.records()
    for end in range(16, 41):
        archiving.take(messages[:end])
    while archiving.merger.step():
        pass
    assert [record.offset for record in records] == list(range(15))


def test_records_of_links_from_an_offset_on(archiving: Archiving) -> None:
    archiving.take(
        (
            a_message(n, event, NOON_MS + n)
            for n, event in enumerate((*EVENTS, a_login(), a_location(), a_login()))
        ),
        at_once=2,
    )
    found = [record.offset for record in archiving.archive.link_records({})]
    assert found == [0, 1, 3, 4, 6]
    assert [record.offset for record in archiving.archive.link_records({(TOPIC, 0): 4})] == [4, 6]
    assert list(archiving.archive.link_records({(TOPIC, 0): 7})) == []

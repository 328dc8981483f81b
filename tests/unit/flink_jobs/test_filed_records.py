from base64 import b64decode
from pathlib import Path

from event_factories import NOW_MS, a_payment
from msgspec import json

from domain.events import encode_event
from domain.raw_record import RawRecord
from domain.topics import DECISIONS, RIDES
from flink_jobs.filed_records import Told, file_records, told_records

BODY = encode_event(a_payment())


def a_record(topic: str, partition: int, offset: int, body: bytes | None = BODY) -> RawRecord:
    return RawRecord(
        topic=topic, partition=partition, offset=offset, record_time_ms=NOW_MS, key=b"usr_a", body=body
    )


def test_a_partition_is_one_file_in_the_order_given(tmp_path: Path) -> None:
    records = [a_record(DECISIONS.name, 1, 4), a_record(RIDES.name, 0, 7), a_record(DECISIONS.name, 1, 5)]
    assert file_records(records, tmp_path) == 3
    lines = (tmp_path / "in" / f"{DECISIONS.name}-1.json").read_bytes().splitlines()
    assert [json.decode(line)["offset"] for line in lines] == [4, 5]
    assert len(list((tmp_path / "in").iterdir())) == 2


def test_a_line_holds_the_body_as_it_was(tmp_path: Path) -> None:
    file_records([a_record(RIDES.name, 0, 7), a_record(RIDES.name, 0, 8, None)], tmp_path)
    first, second = (tmp_path / "in" / f"{RIDES.name}-0.json").read_bytes().splitlines()
    assert b64decode(json.decode(first)["body"]) == BODY
    assert json.decode(second)["body"] is None


def test_only_finished_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    line = json.encode(Told("features.card.v1", "card_a", b"history")) + b"\n"
    (tmp_path / "out" / "part-0").write_bytes(line * 2)
    (tmp_path / "out" / ".part-1.inprogress").write_bytes(line)
    assert list(told_records(tmp_path)) == [Told("features.card.v1", "card_a", b"history")] * 2

from datetime import UTC, datetime
from pathlib import Path

from event_factories import a_payment
from pyarrow import parquet
from raw_factories import NOON_MS, TOPIC, a_message

from domain.events import encode_event
from domain.raw_record import RawRecord
from feature_repo import raw_table
from feature_repo.raw_archiver import WaitingRecords
from feature_repo.raw_table import RECORD_COLUMNS, SCHEMA, Row


def rows(*bodies: bytes | None) -> list[Row]:
    waiting = WaitingRecords(TOPIC, 3, 0)
    for offset, body in enumerate(bodies):
        waiting.add(a_message(offset, body))
    chunk = waiting.take(0)
    assert chunk
    return list(chunk.rows)


def test_a_file_has_the_record_and_what_it_is_found_by(tmp_path: Path) -> None:
    body = encode_event(a_payment(at_ms=NOON_MS - 1_000, pickup_zone="zone_c"))
    raw_table.write(rows(body), tmp_path / "raw.parquet")
    (row,) = parquet.ParquetFile(tmp_path / "raw.parquet").read().to_pylist()
    noon = datetime(2026, 9, 21, 12, tzinfo=UTC)
    assert row == {
        "topic": TOPIC, "partition": 3, "offset": 0, "record_time": noon,
        "event_time": noon.replace(hour=11, minute=59, second=59), "type": "payment.decided",
        "user_id": "usr_a", "card_id": "card_a", "device_id": "dev_a", "zone_id": "zone_c",
        "key": b"usr_a", "body": body,
    }  # fmt: skip


def test_what_cannot_be_read_is_kept_as_it_was() -> None:
    table = raw_table.table(rows(b"\xff no json", None))
    assert table["body"].to_pylist() == [b"\xff no json", None]
    for name in ("event_time", "type", "user_id", "card_id", "device_id", "zone_id"):
        assert table[name].to_pylist() == [None, None]


def test_records_come_back_whole() -> None:
    record, empty = raw_table.records_of(raw_table.table(rows(b"{}", None)).select(RECORD_COLUMNS))
    assert record == RawRecord(
        topic=TOPIC, partition=3, offset=0, record_time_ms=NOON_MS, key=b"usr_a", body=b"{}"
    )
    assert empty.body is None


def test_many_rows_keep_their_order() -> None:
    table = raw_table.table(rows(*[b"{}"] * 4_500))
    assert table["offset"].to_pylist() == list(range(4_500))


def test_no_rows_still_have_columns() -> None:
    assert raw_table.table([]).schema == SCHEMA

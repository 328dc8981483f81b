"""Records of the source topics as Arrow tables: the columns of the raw archive's Parquet files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from domain.events import to_ms
from domain.raw_record import RawRecord
from feature_repo.raw_ids import RawIds

Row = tuple[RawRecord, RawIds]
ENTITY_COLUMNS = ("user_id", "card_id", "device_id", "zone_id")
RECORD_COLUMNS = ["topic", "partition", "offset", "record_time", "key", "body"]
ROW_GROUP_ROWS = 20_000
_TIME = pa.timestamp("ms", tz="UTC")
_SLICE_ROWS = 2_000  # other threads wait while a column is filled
SCHEMA = pa.schema(
    [
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("record_time", _TIME),
        ("event_time", _TIME),
        ("type", pa.string()),
        *((name, pa.string()) for name in ENTITY_COLUMNS),
        ("key", pa.binary()),
        ("body", pa.binary()),
    ]
)


def write(rows: Sequence[Row], file: Path) -> None:
    parquet.write_table(table(rows), file, compression="zstd", row_group_size=ROW_GROUP_ROWS)


def table(rows: Sequence[Row]) -> Any:
    slices = (rows[at : at + _SLICE_ROWS] for at in range(0, len(rows), _SLICE_ROWS))
    return pa.Table.from_batches([_batch(part) for part in slices], schema=SCHEMA)


def records_of(table: Any) -> Iterator[RawRecord]:
    """The records of a table that has RECORD_COLUMNS."""
    columns = {name: table[name] for name in RECORD_COLUMNS}
    columns["record_time"] = columns["record_time"].cast(pa.int64())
    for topic, partition, offset, time_ms, key, body in zip(*map(_listed, columns.values()), strict=True):
        yield RawRecord(
            topic=topic, partition=partition, offset=offset, record_time_ms=time_ms, key=key, body=body
        )


def _listed(column: Any) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return values


def _batch(rows: Sequence[Row]) -> Any:
    columns: list[list[Any]] = [
        [record.topic for record, _ in rows],
        [record.partition for record, _ in rows],
        [record.offset for record, _ in rows],
        [record.record_time_ms for record, _ in rows],
        [to_ms(ids.event_time) if ids.event_time else None for _, ids in rows],
        [ids.type for _, ids in rows],
        [ids.user_id for _, ids in rows],
        [ids.card_id for _, ids in rows],
        [ids.device_id for _, ids in rows],
        [ids.zone for _, ids in rows],
        [record.key for record, _ in rows],
        [record.body for record, _ in rows],
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=SCHEMA)

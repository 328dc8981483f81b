"""Feature values as Arrow tables: the columns of a view's Parquet files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from msgspec import msgpack
from pyarrow import parquet

from domain.feature_message import HistoryMessage
from feature_repo.views import View

_ARROW_TYPE = {
    int: pa.int64(),
    bool: pa.bool_(),
    str: pa.string(),
    list[int]: pa.list_(pa.int64()),
    list[str]: pa.list_(pa.string()),
    list[bytes]: pa.list_(pa.binary()),
}
_TIME = pa.timestamp("us", tz="UTC")
_SLICE_ROWS = 250  # other threads wait while a column is filled


def schema(view: View) -> Any:
    return pa.schema(
        [
            (view.join_key, pa.string()),
            *((column.name, _ARROW_TYPE[column.type]) for column in view.columns),
            ("event_timestamp", _TIME),
            ("created_timestamp", _TIME),
        ]
    )


def table(view: View, messages: Sequence[HistoryMessage], created_ms: int) -> Any:
    """One row a message; event_timestamp says when it was known, created_timestamp when it was archived."""
    slices = (messages[at : at + _SLICE_ROWS] for at in range(0, len(messages), _SLICE_ROWS))
    batches = [_batch(view, part, created_ms) for part in slices]
    return pa.Table.from_batches(batches, schema=schema(view))


def write(view: View, messages: Sequence[HistoryMessage], created_ms: int, file: Path) -> None:
    parquet.write_table(table(view, messages, created_ms), file, compression="zstd")


def _batch(view: View, messages: Sequence[HistoryMessage], created_ms: int) -> Any:
    decoder = msgpack.Decoder(view.value)
    values = [decoder.decode(message.payload) for message in messages]
    columns: list[list[Any]] = [[message.entity_id for message in messages]]
    columns += [[getattr(value, column.name) for value in values] for column in view.columns]
    columns += [
        [message.known_at_ms * 1000 for message in messages],
        [created_ms * 1000] * len(messages),
    ]
    kinds = schema(view)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, kinds, strict=True)]
    return pa.record_batch(arrays, schema=kinds)

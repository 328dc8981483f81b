"""Values in PostgreSQL's binary form, by the number of their type in its catalogue."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from struct import Struct
from typing import Any

Encode = Callable[[Any], bytes]
_BIGINT, _DOUBLE, _ITEM, _ARRAY = Struct("!q"), Struct("!d"), Struct("!i"), Struct("!iiIii")
_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TEXT = 25


def _text(value: str) -> bytes:
    return value.encode()


def _bigint(value: int) -> bytes:
    return _BIGINT.pack(value)


def _timestamp(value: datetime) -> bytes:
    since = value - _POSTGRES_EPOCH
    return _BIGINT.pack((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def _texts(values: Sequence[str]) -> bytes:
    items = [value.encode() for value in values]
    head = _ARRAY.pack(1, 0, _TEXT, len(items), 1)
    return head + b"".join(_ITEM.pack(len(item)) + item for item in items)


ENCODERS: Mapping[int, Encode] = {
    16: lambda value: b"\x01" if value else b"\x00",
    17: bytes,
    20: _bigint,
    21: Struct("!h").pack,
    23: _ITEM.pack,
    _TEXT: _text,
    701: _DOUBLE.pack,
    1009: _texts,
    1184: _timestamp,
    3802: lambda value: b"\x01" + value.encode(),
}

"""Rows of the online store: one an entity and view, written in batches behind the (epoch, version) guard.

What is in flight is not in them: the API's own table holds it, and one statement reads both.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString, NamedTuple

from msgspec import msgpack

from feature_repo.queries import query
from feature_repo.views import IN_FLIGHT, InFlight


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`payload` is a msgpack map of field to value; `known_at_us` is microseconds since the epoch."""

    view: str
    entity_id: str
    epoch: int
    version: int
    known_at_us: int
    payload: bytes


class Record(NamedTuple):
    """What either read answers; `transaction_id` is that of a payment in flight."""

    view: str
    entity_id: str
    known_at: datetime
    payload: bytes
    transaction_id: str | None


Key = tuple[str, str]  # view and entity id
Stored = dict[Key, tuple[datetime | None, bytes]]
UPSERT = query("upsert")
READ = query("read")
READ_WITH_IN_FLIGHT = query("read_with_in_flight")
REMOVE_VIEWS = query("remove_views")
_IN_FLIGHT = frozenset(view.name for view in IN_FLIGHT)
_NOTHING = msgpack.encode({})  # every field has its default
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def newest(rows: Iterable[Row]) -> list[Row]:
    """One row an entity and view, the newest, the later one of equals; in the order all writers lock them."""
    kept: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row.view, row.entity_id)
        other = kept.get(key)
        if other is None or (row.epoch, row.version) >= (other.epoch, other.version):
            kept[key] = row
    return [kept[key] for key in sorted(kept)]


def upsert_parameters(rows: list[Row]) -> tuple[list[object], ...]:
    """The columns that UPSERT takes; no entity and view may occur twice."""
    return (
        [row.view for row in rows],
        [row.entity_id for row in rows],
        [row.epoch for row in rows],
        [row.version for row in rows],
        [row.known_at_us for row in rows],
        [row.payload for row in rows],
    )


def is_in_flight(view: str) -> bool:
    return view in _IN_FLIGHT


def read_statement(keys: Iterable[Key]) -> tuple[LiteralString, tuple[list[str], list[str]]]:
    """What answers all these keys in one round trip, and the columns that it takes."""
    pairs = list(dict.fromkeys(keys))
    statement = READ_WITH_IN_FLIGHT if any(is_in_flight(view) for view, _ in pairs) else READ
    return statement, ([view for view, _ in pairs], [entity_id for _, entity_id in pairs])


def stored(keys: Iterable[Key], records: Iterable[tuple[Any, ...]]) -> Stored:
    """What stands under each key; that nothing is in flight is an answer too."""
    rows: Stored = {key: (None, _NOTHING) for key in keys if is_in_flight(key[0])}
    payments: dict[Key, list[Record]] = defaultdict(list)
    for record in map(Record._make, records):
        key = (record.view, record.entity_id)
        if record.transaction_id is None:
            rows[key] = (record.known_at, record.payload)
        else:
            payments[key].append(record)
    return rows | {key: _together(records) for key, records in payments.items()}


def _together(payments: list[Record]) -> tuple[datetime, bytes]:
    value = InFlight(
        transaction_ids=[str(payment.transaction_id) for payment in payments],
        events=[payment.payload for payment in payments],
        at_ms=[(payment.known_at - _EPOCH) // _MILLISECOND for payment in payments],
    )
    return max(payment.known_at for payment in payments), msgpack.encode(value)

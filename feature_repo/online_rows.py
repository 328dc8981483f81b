"""Rows of the online store: one an entity and view, written in batches behind the (epoch, version) guard."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from feature_repo.queries import query


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`payload` is a msgpack map of field to value; `known_at_us` is microseconds since the epoch."""

    view: str
    entity_id: str
    epoch: int
    version: int
    known_at_us: int
    payload: bytes


Stored = dict[tuple[str, str], tuple[datetime, bytes]]
UPSERT = query("upsert")
READ = query("read")
REMOVE_VIEWS = query("remove_views")


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


def read_parameters(keys: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The columns that READ takes, from (view, entity id) pairs."""
    pairs = list(dict.fromkeys(keys))
    return [view for view, _ in pairs], [entity_id for _, entity_id in pairs]


def stored(records: Iterable[tuple[str, str, datetime, bytes]]) -> Stored:
    return {(view, entity_id): (known_at, payload) for view, entity_id, known_at, payload in records}

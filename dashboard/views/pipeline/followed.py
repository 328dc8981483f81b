"""One event on its way: from whoever produced it to the decision that knew of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct

from app.desk.dead_letters import Place
from dashboard.views.pipeline.readings import Kept, Row
from domain.display import count, duration_ms
from domain.errors import EventRefused
from domain.events import decode_event, event_time_ms, to_ms
from domain.online_store import VIEW_OF_KIND
from domain.topics import PARTITIONS_AT_MOST, SOURCES

KINDS = ("card", "user")
NAMES = {"card": "card", "user": "rider"}


class Version(NamedTuple):
    """Of a history: which one, of whom, as the decision read it."""

    kind: str
    entity_id: str
    epoch: int
    version: int


class Told(Struct, frozen=True, kw_only=True):
    """A record of Kafka, as far as the story needs it."""

    place: Place
    value: bytes | None
    time_ms: int


class Step(Struct, frozen=True, kw_only=True):
    """`at_ms` is None where nobody knows any more; `gap` is the time since the step before that is known."""

    name: str
    at_ms: float | None
    gap: str
    note: str


class Followed(Struct, frozen=True, kw_only=True):
    """`missing` says why there is no story, or not a whole one."""

    kept: Kept
    steps: list[Step]
    missing: str = ""


def places_of(kept: Kept) -> dict[str, list[Place]]:
    """Of the card's and the rider's history, the newest folded event of each source partition."""
    positions = kept.positions or {}
    return {
        kind: [_place(told[at], told[at + 1]) for at in range(0, len(told), 2)]
        for kind in KINDS
        if (told := positions.get(kind))
    }


def newest_of(places: Mapping[str, list[Place]]) -> list[Place]:
    """One place a partition, the newest: of the others nobody asks."""
    newest: dict[tuple[str, int], Place] = {}
    for place in (place for of_kind in places.values() for place in of_kind):
        where = (place.topic, place.partition)
        if where not in newest or place.offset > newest[where].offset:
            newest[where] = place
    return list(newest.values())


def version_of(kept: Kept, place: Place) -> Version | None:
    """The history whose newest event this is; the rider's if it is both's."""
    places = places_of(kept)
    told = {
        "user": (kept.user_id, kept.user_epoch, kept.user_version),
        "card": (kept.card_id, kept.card_epoch, kept.card_version),
    }
    for kind in ("user", "card"):
        entity_id, epoch, version = told[kind]
        if place in places.get(kind, []) and epoch is not None and version is not None:
            return Version(kind, entity_id, epoch, version)
    return None


def story(
    kept: Kept, record: Told, version: Version | None, published_ms: float | None, rows: Iterable[Row]
) -> list[Step]:
    """What happened when, in milliseconds since the epoch by the clocks of those who did it."""
    written, overwritten = _written(version, rows)
    moments: list[tuple[str, float | None, str]] = [
        ("Produced", *_produced(record)),
        ("In Kafka", record.time_ms, str(record.place)),
        ("Folded", published_ms, _folded(version, published_ms)),
        ("Written", None if written is None else _ms(written), overwritten),
        ("Read", kept.as_of_ms, _read(kept)),
        ("Decided", _ms(kept.decided_at), f"{duration_ms(kept.latency_us / 1000)} after it came in"),
    ]
    steps, before = [], None
    for name, at_ms, note in moments:
        gap = "" if at_ms is None or before is None else _gap(at_ms - before)
        steps.append(Step(name=name, at_ms=at_ms, gap=gap, note=note))
        before = before if at_ms is None else at_ms
    return steps


def _place(source: int, offset: int) -> Place:
    topic, partition = divmod(source, PARTITIONS_AT_MOST)
    return Place(topic=SOURCES[topic].name, partition=partition, offset=offset)


def _produced(record: Told) -> tuple[float | None, str]:
    try:
        event = decode_event(record.value, record.time_ms)
    except EventRefused as refused:
        return None, str(refused)
    kind: Any = event.__struct_config__.tag
    return event_time_ms(event), f"{kind} {event.id} by {event.producer}"


def _folded(version: Version | None, published_ms: float | None) -> str:
    if version is None:
        return "the decision read no history of its card or rider"
    name = (
        f"version {version.epoch}.{count(version.version)} of the {NAMES[version.kind]} {version.entity_id}"
    )
    return name if published_ms is not None else f"{name}; its topic has only newer ones by now"


def _written(version: Version | None, rows: Iterable[Row]) -> tuple[datetime | None, str]:
    if version is None:
        return None, ""
    view = VIEW_OF_KIND[version.kind]
    row = next((row for row in rows if (row.view, row.entity_id) == (view, version.entity_id)), None)
    if row is None:
        return None, "the online store holds no history of it"
    if (row.epoch, row.version) == (version.epoch, version.version):
        return row.written_at, f"into {view}, where it still stands"
    return None, f"overwritten since, by version {row.epoch}.{count(row.version)}"


def _read(kept: Kept) -> str:
    age = "of unknown age" if kept.feature_age_ms is None else f"{duration_ms(kept.feature_age_ms)} old"
    payments = "1 payment" if kept.overlaid == 1 else f"{kept.overlaid} payments"
    flying = f"; {payments} in flight laid over" if kept.overlaid else ""
    return f"features {age}, rung {kept.rung}{flying}"


def _gap(milliseconds: float) -> str:
    return f"{'-' if milliseconds < 0 else ''}{duration_ms(abs(milliseconds))}"


def _ms(instant: datetime) -> float:
    return to_ms(instant) + instant.microsecond % 1000 / 1000

"""Everybody's rings as they were known at some moment: from the raw archive's links, read once and kept."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from deploy.parity.decisions import Place, pairs
from domain.errors import EventRefused
from domain.links import Entity, Link, Telling, telling_of
from domain.raw_record import RawRecord
from domain.ring import Riders, Ring, ring_of
from domain.topics import source_number

Tellings = dict[int, list[tuple[int, int]]]  # by source: offset and time, each earlier than those before


class LinkArchive(Protocol):
    def link_records(self, since: Mapping[Place, int]) -> Iterable[RawRecord]: ...


class LinkPast:
    """`catch_up` reads what the archive has got since the last time.

    A link may be told by many events: it is known where any of them is, with the least of their times.
    """

    def __init__(self) -> None:
        self._next: dict[Place, int] = {}
        self._entities: dict[str, list[Entity]] = defaultdict(list)
        self._told: dict[Entity, dict[str, Tellings]] = defaultdict(dict)

    def catch_up(self, archive: LinkArchive) -> None:
        self.take(archive.link_records(dict(self._next)))

    def take(self, records: Iterable[RawRecord]) -> None:
        """Each partition in its order."""
        for record in records:
            self._next[record.topic, record.partition] = record.offset + 1
            if (telling := _telling(record)) is not None:
                source = source_number(record.topic, record.partition)
                for link in telling.links:
                    self._add(link, source, record.offset, telling.at_ms)

    def ring(self, user_id: str, positions: list[int]) -> Ring | None:
        """By all that was told at or before `positions`; None when no link of the rider was."""
        return ring_of(user_id, _AtPlaces(self, dict(pairs(positions))))

    def ring_by_time(self, user_id: str, as_of_ms: int) -> Ring | None:
        """With hindsight: by all that happened before `as_of_ms`, whenever it became known."""
        return ring_of(user_id, _AtTime(self, as_of_ms))

    def entities_of(self, user_id: str) -> list[Entity]:
        return self._entities.get(user_id, [])

    def told_of(self, entity: Entity) -> dict[str, Tellings]:
        return self._told.get(entity, {})

    def _add(self, link: Link, source: int, offset: int, at_ms: int) -> None:
        riders = self._told[link.entity]
        if link.user_id not in riders:
            riders[link.user_id] = {}
            self._entities[link.user_id].append(link.entity)
        tellings = riders[link.user_id].setdefault(source, [])
        if not tellings or at_ms < tellings[-1][1]:
            tellings.append((offset, at_ms))


def _telling(record: RawRecord) -> Telling | None:
    try:
        return telling_of(record)
    except EventRefused:
        return None


@dataclass(frozen=True)
class _AtPlaces:
    past: LinkPast
    places: Mapping[int, int]

    def entities_of(self, user_id: str) -> list[Entity]:
        return self.past.entities_of(user_id)

    def riders_of(self, entity: Entity) -> Riders:
        told = self.past.told_of(entity)
        found = {rider: self._at_ms(tellings) for rider, tellings in told.items()}
        return {rider: at_ms for rider, at_ms in found.items() if at_ms is not None}

    def _at_ms(self, tellings: Tellings) -> int | None:
        known = [
            at_ms
            for source, line in tellings.items()
            for offset, at_ms in line
            if offset <= self.places.get(source, -1)
        ]
        return min(known, default=None)


@dataclass(frozen=True)
class _AtTime:
    past: LinkPast
    as_of_ms: int

    def entities_of(self, user_id: str) -> list[Entity]:
        return self.past.entities_of(user_id)

    def riders_of(self, entity: Entity) -> Riders:
        least = {
            rider: min(line[-1][1] for line in tellings.values())
            for rider, tellings in self.past.told_of(entity).items()
        }
        return {rider: at_ms for rider, at_ms in least.items() if at_ms < self.as_of_ms}

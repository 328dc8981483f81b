"""Keeps everybody's ring true to the links that were told, batch by batch.

A rider's row is written when the ring changes, with how far all sources were read: it stays right until then,
because whatever was read since has not changed it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from msgspec import structs

from domain.errors import EventRefused
from domain.links import Link, Telling, telling_of
from domain.raw_record import RawRecord
from domain.ring import Ring
from domain.topics import source_number
from feature_repo.rings.graph import LinkGraph, Part, Times
from feature_repo.rings.values import Change, Known, KnownLink, Member, Reached

KEEP_PLACES_EVERY_S = 1.0  # when nothing else is to be kept, and to hear of a rebuild


class Keep(Protocol):
    def __call__(self, change: Change) -> None:
        """Keep all of it or raise; raises RebuiltMeanwhile when the epoch is no longer in use."""


class RingBuilder:
    """`known` is what was kept before; `monotonic` in seconds. After a fault make a new one."""

    def __init__(self, keep: Keep, known: Known, monotonic: Callable[[], float]) -> None:
        self._keep = keep
        self._epoch = known.epoch
        self._monotonic = monotonic
        self._graph = LinkGraph()
        self._members = {member.user_id: member for member in known.members}
        self._reached = dict(known.reached)
        self._kept_places = dict(known.reached)
        self._kept_at = monotonic()
        self.refused = 0
        for each in known.links:
            self._graph.add(each.link, Times(each.at_ms, each.known_at_ms))

    @property
    def reached(self) -> Mapping[int, Reached]:
        return self._reached

    @property
    def links(self) -> int:
        return self._graph.links

    @property
    def riders(self) -> int:
        return len(self._members)

    def rings(self) -> int:
        return len({member.ring.ring_id for member in self._members.values()} - {""})

    def read_until_ms(self) -> int:
        """The record time up to which every source was read: how old the rings are."""
        return min((place.read_until_ms for place in self._reached.values()), default=0)

    def take(self, records: Iterable[RawRecord]) -> None:
        """One batch, each partition in its order."""
        links: dict[Link, KnownLink] = {}
        news: dict[str, int] = defaultdict(int)  # by rider: the newest record time behind a change
        for record in records:
            self._reach(record)
            for link, told in self._told(record):
                if (found := self._graph.add(link, told)) is None:
                    continue
                links[link] = _known_link(link, found.times, record, links.get(link))
                news.update((rider, max(news[rider], found.known_at_ms)) for rider in found.riders)
        members = self._changed(news)
        if links or members or self._monotonic() >= self._kept_at + KEEP_PLACES_EVERY_S:
            self._keep_all(tuple(links.values()), members)

    def rest(self) -> None:
        """Keep how far the sources were read, though nothing changed since."""
        self._keep_all((), [])

    def _told(self, record: RawRecord) -> Iterable[tuple[Link, Times]]:
        try:
            telling: Telling | None = telling_of(record)
        except EventRefused:
            self.refused += 1
            return ()
        if telling is None:
            return ()
        return [(link, Times(telling.at_ms, telling.known_at_ms)) for link in telling.links]

    def _reach(self, record: RawRecord) -> None:
        source = source_number(record.topic, record.partition)
        before = self._reached.get(source)
        until_ms = max(record.record_time_ms, before.read_until_ms if before else 0)
        self._reached[source] = Reached(next_offset=record.offset + 1, read_until_ms=until_ms)

    def _changed(self, news: Mapping[str, int]) -> list[Member]:
        positions = self._positions()
        return [member for part in self._graph.parts(news) for member in self._moved(part, news, positions)]

    def _moved(self, part: Part, news: Mapping[str, int], positions: list[int]) -> Iterable[Member]:
        """The riders of a part whose ring is another than the one that was kept."""
        known_at_ms = max(max(news.get(rider, 0), self._known_at_ms(rider)) for rider in part.joined_at_ms)
        for rider, joined_at_ms in part.joined_at_ms.items():
            before = self._members.get(rider)
            if before is None or _content(before.ring) != _content(part.ring):
                ring = structs.replace(
                    part.ring,
                    epoch=self._epoch,
                    version=before.ring.version + 1 if before else 1,
                    known_at_ms=known_at_ms,
                    positions=positions,
                )
                yield Member(user_id=rider, ring=ring, joined_at_ms=joined_at_ms)

    def _known_at_ms(self, rider: str) -> int:
        member = self._members.get(rider)
        return member.ring.known_at_ms if member else 0

    def _positions(self) -> list[int]:
        """The newest offset read of each source partition, as domain.positions has them."""
        places = sorted((source, place.next_offset - 1) for source, place in self._reached.items())
        return [number for place in places for number in place]

    def _keep_all(self, links: tuple[KnownLink, ...], members: list[Member]) -> None:
        moved = {s: place for s, place in self._reached.items() if self._kept_places.get(s) != place}
        self._keep(Change(epoch=self._epoch, links=links, members=tuple(members), reached=moved))
        self._members.update((member.user_id, member) for member in members)
        self._kept_places.update(moved)
        self._kept_at = self._monotonic()


def _content(ring: Ring) -> tuple[str, int, int, int]:
    return ring.ring_id, ring.size, ring.shared_cards, ring.shared_devices


def _known_link(link: Link, known: Times, record: RawRecord, before: KnownLink | None) -> KnownLink:
    """`before` is what the same batch tells of it already."""
    return KnownLink(
        link=link,
        at_ms=known.at_ms,
        known_at_ms=known.known_at_ms,
        source=before.source if before else source_number(record.topic, record.partition),
        offset=before.offset if before else record.offset,
    )

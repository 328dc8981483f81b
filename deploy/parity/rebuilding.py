"""Decisions computed again from the raw archive alone, as known then and with the hindsight of today."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, cast

from msgspec import Struct, structs

from deploy.parity.comparison import Judged, Rebuilt, judge
from deploy.parity.decisions import RING, Place, Read, RecordedDecision
from deploy.parity.reaches import Asked, asked_by, reaches, times_of
from deploy.parity.rings import LinkPast
from domain.display import MINUTE_MS
from domain.events import PaymentDecided
from domain.history import History, HistoryKind
from domain.platform import Pulse, pulse_of
from domain.profile import Profile
from domain.raw_record import RawRecord
from domain.ring import Ring
from domain.vector import observe, vector
from flink_jobs.as_known import Entity, KnownPast, Reach, State

COLUMN_OF_KIND = {
    "card": "card_id",
    "user": "user_id",
    "device": "device_id",
    "zone": "zone_id",
    "profile": "user_id",
}
STREAM_LAG_MS = 10 * MINUTE_MS  # a record that a kept zone lacks is not older than this before it was read


class Archive(Protocol):
    """feature_repo.raw_archive.RawArchive as seen from here."""

    def end_positions(self) -> Mapping[Place, int]: ...

    def records(
        self,
        from_ms: int | None = None,
        until_ms: int | None = None,
        entities: Mapping[str, set[str]] | None = None,
    ) -> Iterator[RawRecord]: ...

    def link_records(self, since: Mapping[Place, int]) -> Iterator[RawRecord]: ...


class Anchor(Struct, frozen=True, kw_only=True):
    """A pulse that no later check will ask behind of."""

    at_ms: int
    zones: Mapping[str, Read]


class KeptZones(Struct, frozen=True, kw_only=True):
    """Zones folded from raw events up to an anchor, for the next rebuild to start from."""

    at_ms: int
    zones: Mapping[str, History]


class Rebuild:
    """One look at the archive for `decisions`. Raises PastForgotten when `kept` is too young for them.

    `links` may be of an earlier look: what it lacks is read.
    """

    def __init__(
        self,
        decisions: Sequence[RecordedDecision],
        archive: Archive,
        *,
        hindsight: bool,
        anchor: Anchor | None = None,
        kept: KeptZones | None = None,
        links: LinkPast | None = None,
    ) -> None:
        self._decisions = sorted(decisions, key=lambda decision: decision.as_of_ms)
        self._hindsight = hindsight
        self._anchor = anchor
        asked = asked_by(self._decisions)
        for zone, read in anchor.zones.items() if anchor else ():
            asked["zone", zone][tuple(read.positions)] = read
        wanted = reaches(asked, times_of(self._decisions) if hindsight else {})
        self._people, self._zones = _pasts(archive, wanted, kept)
        self._known = self._answers(asked)
        self._links = LinkPast() if links is None else links
        if hindsight or any(RING in decision.reads for decision in decisions):
            self._links.catch_up(archive)
        self._pulses: dict[str, Pulse] = {}

    def judged(self) -> Iterator[Judged]:
        """In the order of time."""
        for decision in self._decisions:
            with_hindsight = self._with_hindsight(decision) if self._hindsight else None
            yield judge(decision, self._rebuilt(decision), with_hindsight)

    def kept(self) -> KeptZones | None:
        """The zones at the anchor; those whose version is another one are not worth keeping."""
        if self._anchor is None:
            return None
        zones = {
            zone: state
            for zone, read in self._anchor.zones.items()
            if isinstance(state := self._answer(("zone", zone), read), History)
            and state.version == read.version
        }
        return KeptZones(at_ms=self._anchor.at_ms, zones=zones)

    def _answers(self, asked: Asked) -> dict[tuple[Entity, tuple[int, ...]], State | None]:
        """Each entity's states in the order in which they came about."""
        return {
            (entity, positions): self._state(entity, list(positions))
            for entity, reads in asked.items()
            for positions, _ in sorted(reads.items(), key=lambda item: (item[1].epoch, item[1].version))
        }

    def _state(self, entity: Entity, positions: list[int]) -> State | None:
        kind, name = entity
        match kind:
            case "profile":
                return self._people.profile(name, positions)
            case "zone":
                return self._zones.history("zone", name, positions)
            case _:
                return self._people.history(cast("HistoryKind", kind), name, positions)

    def _answer(self, entity: Entity, read: Read) -> State | None:
        return self._known[entity, tuple(read.positions)]

    def _rebuilt(self, decision: RecordedDecision) -> Rebuilt:
        states: dict[str, State | Ring | None] = {
            kind: self._answer((kind, name), decision.reads[kind])
            for kind, name in decision.entities.items()
            if kind in decision.reads
        }
        if (read := decision.reads.get(RING)) is not None:
            states[RING] = self._ring(decision, read)
        pulse = self._pulse(decision)
        return Rebuilt(
            states=states,
            zones=self._pulse_zones(decision),
            vector=_vector(decision, states, pulse, decision.in_flight),
        )

    def _ring(self, decision: RecordedDecision, read: Read) -> Ring | None:
        """Its version is taken over: it tells how the builder was handed the links, and no event does."""
        ring = self._links.ring(decision.transaction.user_id, read.positions)
        return ring and structs.replace(ring, epoch=read.epoch, version=read.version)

    def _pulse(self, decision: RecordedDecision) -> Pulse | None:
        if decision.pulse_id is None:
            return None
        if decision.pulse_id not in self._pulses:
            zones = self._pulse_zones(decision).values()
            histories = (state for state in zones if isinstance(state, History))
            self._pulses[decision.pulse_id] = pulse_of(histories, decision.as_of_ms)
        return self._pulses[decision.pulse_id]

    def _pulse_zones(self, decision: RecordedDecision) -> dict[str, State | None]:
        return {zone: self._answer(("zone", zone), read) for zone, read in (decision.pulse or {}).items()}

    def _with_hindsight(self, decision: RecordedDecision) -> "array[float]":
        """Of all that happened until then and is known by now. The pulse stays as it was read: its age is
        part of what it means."""
        own, at_ms = decision.transaction.transaction_id, decision.as_of_ms
        names = decision.entities
        states: dict[str, State | Ring | None] = {
            "card": self._people.history_by_time("card", names["card"], at_ms, without=own),
            "user": self._people.history_by_time("user", names["user"], at_ms, without=own),
            "device": self._people.history_by_time("device", names["device"], at_ms, without=own),
            "zone": self._zones.history_by_time("zone", names["zone"], at_ms, without=own),
            "profile": self._people.profile_by_time(names["profile"], at_ms),
            RING: self._links.ring_by_time(decision.transaction.user_id, at_ms),
        }
        return _vector(decision, states, self._pulse(decision), in_flight=())


def _vector(
    decision: RecordedDecision,
    states: Mapping[str, State | Ring | None],
    pulse: Pulse | None,
    in_flight: Sequence[PaymentDecided],
) -> "array[float]":
    moment = observe(
        card=cast("History | None", states.get("card")),
        user=cast("History | None", states.get("user")),
        device=cast("History | None", states.get("device")),
        zone=cast("History | None", states.get("zone")),
        profile=cast("Profile | None", states.get("profile")),
        ring=cast("Ring | None", states.get(RING)),
        pulse=pulse,
        in_flight=in_flight,
        transaction=decision.transaction,
        as_of_ms=decision.as_of_ms,
    )
    return vector(moment)


def _pasts(
    archive: Archive, wanted: Mapping[Entity, Reach], kept: KeptZones | None
) -> tuple[KnownPast, KnownPast]:
    """Of everybody but zones, and of zones: one pass over the archive, or a second one over its end."""
    if kept is None:
        past = KnownPast(archive.records(entities=_columns(wanted)), wanted)
        return past, past
    zones = {entity: reach for entity, reach in wanted.items() if entity[0] == "zone"}
    people = {entity: reach for entity, reach in wanted.items() if entity[0] != "zone"}
    since_ms = kept.at_ms - STREAM_LAG_MS
    bases: dict[Entity, State] = {("zone", zone): history for zone, history in kept.zones.items()}
    return (
        KnownPast(archive.records(entities=_columns(people)), people),
        KnownPast(archive.records(from_ms=since_ms, entities=_columns(zones)), zones, bases),
    )


def _columns(wanted: Iterable[Entity]) -> dict[str, set[str]]:
    columns: dict[str, set[str]] = {}
    for kind, name in wanted:
        columns.setdefault(COLUMN_OF_KIND[kind], set()).add(name)
    return columns

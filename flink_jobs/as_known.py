"""Histories as they were known at some moment: the raw records folded again, up to the places known then.

Records stand in the order of their partitions, so an entity's events are read once and its answers are made
by folding on from one place to the next. Whatever every answer holds is folded at once and not kept.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, cast

from msgspec import Struct

from domain.errors import EventRefused, FaregateError
from domain.events import AccountCreated, Event, Heartbeat, ProfileChanged, decode_event, event_time_ms
from domain.history import History, HistoryKind, fold, is_late
from domain.positions import covers
from domain.profile import Profile, fold_profile
from domain.raw_record import RawRecord
from domain.topics import source_number
from flink_jobs.routing import check_topic, targets

State = History | Profile
Entity = tuple[str, str]  # kind and id


class PastForgotten(FaregateError):
    """The question goes further back than the histories that were started from."""


class Reach(Struct, frozen=True, kw_only=True):
    """Between which places an entity will be asked about, and between which times of events, if at all."""

    first: list[int]
    last: list[int]
    first_ms: int | None = None
    last_ms: int | None = None

    def in_every_answer(self, step: "Step") -> bool:
        in_time = self.first_ms is None or step.time_ms < self.first_ms
        return in_time and covers(self.first, (step.source, step.offset))

    def in_some_answer(self, step: "Step") -> bool:
        in_time = self.last_ms is not None and step.time_ms <= self.last_ms
        return in_time or covers(self.last, (step.source, step.offset))


class Step(NamedTuple):
    source: int
    offset: int
    time_ms: int
    known_at_ms: int
    event: Event


def step_of(record: RawRecord) -> Step | None:
    """The record as the job would fold it; None for what it refuses, what is late, and heartbeats."""
    try:
        event = decode_event(record.body, record.record_time_ms)
        check_topic(event, record.topic)
    except EventRefused:
        return None
    if isinstance(event, Heartbeat) or is_late(event, record.record_time_ms):
        return None
    source = source_number(record.topic, record.partition)
    return Step(source, record.offset, event_time_ms(event), record.record_time_ms, event)


class Trail:
    """One entity's steps; `base` is what it starts from, and holds what stands at or before its positions.

    Nothing is added after the first question.
    """

    def __init__(self, kind: str, reach: Reach | None = None, base: State | None = None) -> None:
        self._kind = kind
        self._reach = reach
        self._base = base
        self._begins = base.positions if base else []
        self._kept: dict[int, list[Step]] = {}
        self._known: _Walk | None = None
        self._timed: _Walk | None = None

    def add(self, step: Step) -> None:
        if covers(self._begins, (step.source, step.offset)):
            return
        if self._reach and self._reach.in_every_answer(step):
            self._base = _folded(self._kind, self._base, step)
        elif not self._reach or self._reach.in_some_answer(step):
            self._kept.setdefault(step.source, []).append(step)

    def known(self, positions: list[int]) -> State | None:
        """All that stands at or before `positions`; cheap when asked in the order in which it came about."""
        asked = _places(positions)
        if self._base and not _within(_places(self._base.positions), asked):
            raise PastForgotten(
                f"a {self._kind} is asked about at {positions}, before {self._base.positions}"
            )
        if self._known is None or not _within(self._known.reached, asked):
            self._known = _Walk(self._base, self._kept, lambda step: step.offset)
        for source, offset in asked.items():
            self._known.walk(self._kind, source, offset)
        return self._known.state

    def by_time(self, as_of_ms: int, *, without: str) -> State | None:
        """All that happened at or before `as_of_ms`, whenever it became known, but for one event."""
        if self._timed is None or self._timed.reached.get(0, 0) >= as_of_ms:
            steps = sorted((step for line in self._kept.values() for step in line), key=lambda s: s.time_ms)
            self._timed = _Walk(self._base, {0: steps}, lambda step: step.time_ms)
        self._timed.walk(self._kind, 0, as_of_ms - 1)
        state = self._timed.state
        for step in self._timed.ahead(0):
            if step.time_ms > as_of_ms:
                break
            if step.event.id != without:
                state = _folded(self._kind, state, step)
        return state


class _Walk:
    """A state folded on, line by line of steps; how far is measured by `place`."""

    def __init__(
        self, state: State | None, lines: Mapping[int, list[Step]], place: Callable[[Step], int]
    ) -> None:
        self.state = state
        self.reached: dict[int, int] = {}
        self._lines = lines
        self._next = dict.fromkeys(lines, 0)
        self._place = place

    def walk(self, kind: str, line: int, until: int) -> None:
        for step in self.ahead(line):
            place = self._place(step)
            if place > until:
                break
            self.state = _folded(kind, self.state, step)
            self._next[line] += 1
            self.reached[line] = place

    def ahead(self, line: int) -> Iterator[Step]:
        steps = self._lines.get(line, [])
        return (steps[at] for at in range(self._next.get(line, 0), len(steps)))


class KnownPast:
    """All that `records` tell, in the order of topic, partition and offset.

    `reaches` names the entities that will be asked about; without it all are kept, whole. `bases` are
    histories to start from; what they hold need not be among the records.
    """

    def __init__(
        self,
        records: Iterable[RawRecord],
        reaches: Mapping[Entity, Reach] | None = None,
        bases: Mapping[Entity, State] | None = None,
    ) -> None:
        self._everyone = reaches is None
        self._trails = {
            entity: Trail(entity[0], reach, (bases or {}).get(entity))
            for entity, reach in (reaches or {}).items()
        }
        for record in records:
            if step := step_of(record):
                self._take(step)

    def _take(self, step: Step) -> None:
        for entity in targets(step.event):
            trail = self._trails.get(entity)
            if trail is None and self._everyone:
                trail = self._trails[entity] = Trail(entity[0])
            if trail is not None:
                trail.add(step)

    def history(self, kind: HistoryKind, entity_id: str, positions: list[int]) -> History | None:
        """None when nothing was known of the entity there. Raises PastForgotten."""
        return cast("History | None", self._known(kind, entity_id, positions))

    def profile(self, user_id: str, positions: list[int]) -> Profile | None:
        return cast("Profile | None", self._known("profile", user_id, positions))

    def history_by_time(
        self, kind: HistoryKind, entity_id: str, as_of_ms: int, *, without: str
    ) -> History | None:
        """With hindsight: all that happened at or before `as_of_ms`, but for the event `without`."""
        return cast("History | None", self._by_time(kind, entity_id, as_of_ms, without))

    def profile_by_time(self, user_id: str, as_of_ms: int) -> Profile | None:
        return cast("Profile | None", self._by_time("profile", user_id, as_of_ms, ""))

    def _known(self, kind: str, entity_id: str, positions: list[int]) -> State | None:
        trail = self._trails.get((kind, entity_id))
        return trail.known(positions) if trail else None

    def _by_time(self, kind: str, entity_id: str, as_of_ms: int, without: str) -> State | None:
        trail = self._trails.get((kind, entity_id))
        return trail.by_time(as_of_ms, without=without) if trail else None


def _places(positions: list[int]) -> dict[int, int]:
    return dict(zip(positions[::2], positions[1::2], strict=True))


def _within(reached: Mapping[int, int], asked: Mapping[int, int]) -> bool:
    return all(offset <= asked.get(source, -1) for source, offset in reached.items())


def _folded(kind: str, state: State | None, step: Step) -> State:
    position = (step.source, step.offset)
    if kind == "profile":
        change = cast("AccountCreated | ProfileChanged", step.event)
        return fold_profile(cast("Profile | None", state), change, step.known_at_ms, position)
    return fold(
        cast("HistoryKind", kind), cast("History | None", state), step.event, step.known_at_ms, position
    )

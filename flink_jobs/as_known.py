"""Histories as they were known at some moment: the raw records folded again, up to the places known then.

Records come merged by time, each partition in its order, as the job reads them. An entity's events are read
once, and its answers are made by folding on from one place to the next. Whatever every answer holds is
folded at once and not kept. A repeat moves no place, so no question would have it folded in time: it is left
out when it is read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, cast

from msgspec import Struct

from domain.errors import EventRefused, FaregateError
from domain.events import AccountCreated, Event, Heartbeat, ProfileChanged, decode_event, event_time_ms
from domain.fold import fold, is_late
from domain.folded_ids import MEMORY, digest, holds, with_id
from domain.history import History, HistoryKind
from domain.positions import covers
from domain.profile import Profile, fold_profile
from domain.raw_record import RawRecord
from domain.topics import source_number
from flink_jobs.folding import PROFILE
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
    turn: int  # in the order in which records were read
    source: int
    offset: int
    time_ms: int
    known_at_ms: int
    event: Event


def step_of(record: RawRecord, turn: int = 0) -> Step | None:
    """The record as the job would fold it; None for what it refuses, what is late, and heartbeats."""
    try:
        event = decode_event(record.body, record.record_time_ms)
        check_topic(event, record.topic)
    except EventRefused:
        return None
    if isinstance(event, Heartbeat) or is_late(event, record.record_time_ms):
        return None
    source = source_number(record.topic, record.partition)
    return Step(turn, source, record.offset, event_time_ms(event), record.record_time_ms, event)


class Repeats:
    """The ids of one entity, kept and forgotten as its history does."""

    def __init__(self, kind: str, base: History | None) -> None:
        self._memory = MEMORY[kind]
        self._slots = base.folded_slots if base else []
        self._ids = base.folded_ids if base else []
        self._newest_ms = base.last_seen_ms if base else 0

    def has(self, step: Step) -> bool:
        """Whether it was told before; if not, it is from now on."""
        memory, name = self._memory, digest(step.event.id)
        slot = step.time_ms // memory.slot_ms
        if holds(self._slots, self._ids, slot, name):
            return True
        self._newest_ms = max(self._newest_ms, step.time_ms)
        oldest = (self._newest_ms - memory.kept_ms) // memory.slot_ms
        self._slots, self._ids, _ = with_id(self._slots, self._ids, slot, name, oldest=oldest, cap=memory.cap)
        return False


class Trail:
    """One entity's steps; `base` is what it starts from, and holds what stands at or before its positions.

    Nothing is added after the first question.
    """

    def __init__(self, kind: str, reach: Reach | None = None, base: State | None = None) -> None:
        self._kind = kind
        self._reach = reach
        self._base = base
        self._begins = base.positions if base else []
        self._repeats = None if kind == PROFILE else Repeats(kind, cast("History | None", base))
        self._kept: dict[int, list[Step]] = {}
        self._known: _Walk | None = None
        self._timed: _Walk | None = None

    def add(self, step: Step) -> None:
        if covers(self._begins, (step.source, step.offset)):
            return
        if self._repeats and self._repeats.has(step):
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
        self._known.walk(self._kind, asked)
        return self._known.state

    def by_time(self, as_of_ms: int, *, without: str) -> State | None:
        """All that happened at or before `as_of_ms`, whenever it became known, but for one event."""
        if self._timed is None or self._timed.reached.get(0, 0) >= as_of_ms:
            steps = sorted((step for line in self._kept.values() for step in line), key=lambda s: s.time_ms)
            self._timed = _Walk(self._base, {0: steps}, lambda step: step.time_ms)
        self._timed.walk(self._kind, {0: as_of_ms - 1})
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

    def walk(self, kind: str, until: Mapping[int, int]) -> None:
        passed = [step for line, place in until.items() for step in self._pass(line, place)]
        for step in sorted(passed, key=lambda step: step.turn):
            self.state = _folded(kind, self.state, step)

    def _pass(self, line: int, until: int) -> Iterator[Step]:
        for step in self.ahead(line):
            place = self._place(step)
            if place > until:
                break
            self._next[line] += 1
            self.reached[line] = place
            yield step

    def ahead(self, line: int) -> Iterator[Step]:
        steps = self._lines.get(line, [])
        return (steps[at] for at in range(self._next.get(line, 0), len(steps)))


class KnownPast:
    """All that `records` tell, merged by time and each partition in the order of its offsets.

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
        for turn, record in enumerate(records):
            if step := step_of(record, turn):
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
    if kind == PROFILE:
        change = cast("AccountCreated | ProfileChanged", step.event)
        return fold_profile(cast("Profile | None", state), change, step.known_at_ms, position)
    return fold(
        cast("HistoryKind", kind), cast("History | None", state), step.event, step.known_at_ms, position
    )

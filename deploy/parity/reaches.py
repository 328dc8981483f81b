"""What a set of decisions asks of the past: whose histories, at which places."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from deploy.parity.decisions import Read, RecordedDecision, pairs
from flink_jobs.as_known import Entity, Reach

Asked = dict[Entity, dict[tuple[int, ...], Read]]


def asked_by(decisions: Iterable[RecordedDecision]) -> Asked:
    """Every history and profile that was read, once."""
    asked: Asked = defaultdict(dict)
    for decision in decisions:
        for kind, name in decision.entities.items():
            if (read := decision.reads.get(kind)) is not None:
                asked[kind, name][tuple(read.positions)] = read
        for zone, read in (decision.pulse or {}).items():
            asked["zone", zone][tuple(read.positions)] = read
    return asked


def times_of(decisions: Iterable[RecordedDecision]) -> dict[Entity, tuple[int, int]]:
    """The first and the last instant at which each entity is looked at with hindsight."""
    times: dict[Entity, tuple[int, int]] = {}
    for decision in decisions:
        for entity in decision.entities.items():
            first, last = times.get(entity, (decision.as_of_ms, decision.as_of_ms))
            times[entity] = (min(first, decision.as_of_ms), max(last, decision.as_of_ms))
    return times


def reaches(asked: Asked, times: Mapping[Entity, tuple[int, int]]) -> dict[Entity, Reach]:
    return {entity: _reach(asked.get(entity, {}), times.get(entity)) for entity in {*asked, *times}}


def _reach(asked: Mapping[tuple[int, ...], Read], times: tuple[int, int] | None) -> Reach:
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for number, read in enumerate(asked.values()):
        places = dict(pairs(read.positions))
        first = {s: min(at, places[s]) for s, at in first.items() if s in places} if number else places
        last |= {s: max(at, last.get(s, at)) for s, at in places.items()}
    first_ms, last_ms = times or (None, None)
    return Reach(first=_flat(first), last=_flat(last), first_ms=first_ms, last_ms=last_ms)


def _flat(places: Mapping[int, int]) -> list[int]:
    return [number for place in sorted(places.items()) for number in place]

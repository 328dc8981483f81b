"""A decision's vector beside the one that its raw events give."""

from array import array
from collections.abc import Iterator, Mapping
from math import isnan

from msgspec import Struct

from deploy.parity.decisions import Read, RecordedDecision
from domain.catalogue import FEATURES
from domain.history import History
from domain.ring import Ring
from flink_jobs.as_known import State


class Difference(Struct, frozen=True, kw_only=True):
    """`stored` and `rebuilt` are None where the value is missing."""

    decision_id: str
    feature: str
    stored: float | None
    rebuilt: float | None


class Judged(Struct, frozen=True, kw_only=True):
    """`outside` are differences in features of saturated histories, for which no equality is claimed.

    `hindsight` are the features that would be others had all been known that was true; None is not asked.
    """

    decision_id: str
    differences: tuple[Difference, ...] = ()
    outside: tuple[Difference, ...] = ()
    saturated: bool = False
    hindsight: tuple[str, ...] | None = None

    @property
    def as_known(self) -> bool:
        return not self.differences and not self.outside


class Rebuilt(Struct, frozen=True, kw_only=True):
    """What raw events give for one decision: states by kind, zones of the pulse, and the vector of these."""

    states: Mapping[str, State | Ring | None]
    zones: Mapping[str, State | None]
    vector: "array[float]"


def judge(decision: RecordedDecision, rebuilt: Rebuilt, hindsight: "array[float] | None") -> Judged:
    saturated = _saturated(rebuilt)
    found: dict[bool, list[Difference]] = {True: [], False: []}
    for entity, difference in _differences(decision, rebuilt):
        found[entity in saturated].append(difference)
    return Judged(
        decision_id=decision.decision_id,
        differences=tuple(found[False]),
        outside=tuple(found[True]),
        saturated=bool(saturated),
        hindsight=None if hindsight is None else tuple(_features_that_differ(decision.vector, hindsight)),
    )


def _saturated(rebuilt: Rebuilt) -> set[str]:
    saturated = {kind for kind, state in rebuilt.states.items() if _is_saturated(state)}
    return saturated | {"platform" for state in rebuilt.zones.values() if _is_saturated(state)}


def _is_saturated(state: State | Ring | None) -> bool:
    return isinstance(state, History) and state.saturated


def _differences(decision: RecordedDecision, rebuilt: Rebuilt) -> Iterator[tuple[str, Difference]]:
    """Each with the entity that it is about."""
    for kind, read in decision.reads.items():
        if _version(rebuilt.states[kind]) != read.version:
            yield kind, _of_version(decision, f"version of the {kind}", read, rebuilt.states[kind])
    for zone, read in (decision.pulse or {}).items():
        if _version(rebuilt.zones[zone]) != read.version:
            yield "platform", _of_version(decision, f"version of {zone}", read, rebuilt.zones[zone])
    stored = stored_vector(decision.vector)
    for feature, before, after in zip(FEATURES, stored, rebuilt.vector, strict=True):
        if not _same(before, after):
            difference = Difference(
                decision_id=decision.decision_id,
                feature=feature.name,
                stored=_or_none(before),
                rebuilt=_or_none(after),
            )
            yield feature.entity, difference


def _of_version(decision: RecordedDecision, what: str, read: Read, state: State | Ring | None) -> Difference:
    return Difference(
        decision_id=decision.decision_id, feature=what, stored=read.version, rebuilt=_version(state)
    )


def _version(state: State | Ring | None) -> int:
    return state.version if state else 0


def _features_that_differ(stored: bytes, other: "array[float]") -> Iterator[str]:
    for feature, before, after in zip(FEATURES, stored_vector(stored), other, strict=True):
        if not _same(before, after):
            yield feature.name


def stored_vector(raw: bytes) -> "array[float]":
    """float32, little endian, as the ledger keeps it."""
    vector = array("f")
    vector.frombytes(raw)
    return vector


def _same(one: float, other: float) -> bool:
    return one == other or (isnan(one) and isnan(other))


def _or_none(value: float) -> float | None:
    return None if isnan(value) else value

"""Feast's answer to a request, filled from stored payloads without a value object in between.

Feast's own way makes each value, and a vector that copies it (`faregate bench features` compares the two).
What it does for the fields of a view in every request is done here once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from feast import FeatureView, ValueType
from feast.metrics import track_feature_statuses
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus, GetOnlineFeaturesResponse

from feature_repo.row_codec import decode_row, put, slots

PLANS_AT_MOST = 256
Stored = tuple[datetime | None, bytes]
_PRESENT, _NOT_FOUND = FieldStatus.PRESENT, FieldStatus.NOT_FOUND
_Vector = GetOnlineFeaturesResponse.FeatureVector


class Read(NamedTuple):
    """One view's share of a request; `places` tells of each key for which rows of the answer it is."""

    view: FeatureView
    wanted: Sequence[str]
    places: Sequence[Sequence[int]]
    length: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a view and its wanted features need in any request."""

    view: FeatureView
    fields: tuple[tuple[str, str], ...]  # name and slot
    short_names: tuple[str, ...]
    full_names: tuple[str, ...]
    types: dict[str, ValueType]


class Plans:
    """Feast hands over the same view objects until its registry is read again."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, tuple[str, ...]], Plan] = {}

    def of(self, view: FeatureView, wanted: Sequence[str]) -> Plan:
        key = (id(view), tuple(wanted))
        plan = self._known.get(key)
        if plan is None or plan.view is not view:
            if len(self._known) >= PLANS_AT_MOST:
                self._known.clear()
            plan = self._known[key] = _plan(view, wanted)
        return plan


def _plan(view: FeatureView, wanted: Sequence[str]) -> Plan:
    slot_of = dict(slots(view, None))
    named = view.projection.name_to_use()
    type_of = {field.name: field.dtype.to_value_type() for field in view.features}
    types = {name: type_of[name] for name in wanted if name in type_of}
    return Plan(
        view=view,
        fields=tuple((name, slot_of.get(name, "")) for name in wanted),
        short_names=tuple(wanted),
        full_names=tuple(f"{named}__{name}" for name in wanted),
        types={**types, **{f"{named}__{name}": kind for name, kind in types.items()}},
    )


def fill(
    response: Any,
    read: Read,
    plan: Plan,
    rows: Sequence[Stored | None],
    *,
    full_names: bool,
    with_version: bool,
) -> None:
    """Add a view's features to the answer; `rows` has one for each key of `read`, in its order."""
    response.metadata.feature_names.val.extend(plan.full_names if full_names else plan.short_names)
    if with_version:
        _tell_version(response, read.view)
    known = [_known(row, plan) for row in rows]
    outputs = [known[index] for index in _indexes(read)]
    template = _template([at for at, _ in outputs])
    first, missing = len(response.results), 0
    response.results.extend([template] * len(plan.fields))
    for vector, (name, slot) in zip(response.results[first:], plan.fields, strict=True):
        for place, (_, values) in enumerate(outputs):
            value = vector.values.add()
            if name in values:
                put(value, slot, values[name])
            else:
                vector.statuses[place] = _NOT_FOUND
                missing += 1
    track_feature_statuses(read.view.name, len(plan.fields) * len(outputs) - missing, missing)


def _known(row: Stored | None, plan: Plan) -> tuple[datetime | None, dict[str, Any]]:
    """As Feast's own store has it, a row without any of the wanted fields is no row."""
    values = decode_row(row[1], plan.view.name) if row else {}
    return (row[0], values) if row and any(name in values for name, _ in plan.fields) else (None, {})


def _indexes(read: Read) -> list[int]:
    """Of each row of the answer, which key it is about."""
    indexes = [0] * read.length
    for index, places in enumerate(read.places):
        for place in places:
            indexes[place] = index
    return indexes


def _template(times: Sequence[datetime | None]) -> Any:
    """A vector without its values, all of them present."""
    vector = _Vector(statuses=[_PRESENT] * len(times))
    for at in times:
        told = vector.event_timestamps.add()
        if at:
            told.FromDatetime(at)
    return vector


def _tell_version(response: Any, view: FeatureView) -> None:
    name = view.projection.name_alias or view.projection.name
    told = response.metadata.feature_view_metadata
    if all(other.name != name for other in told):
        added = told.add()
        added.name = name
        added.version = getattr(view, "current_version_number", 0) or 0

"""Where a payment's feature values stand among those of the last payments."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from dashboard.decision_view import written_value
from domain.catalogue import FEATURES, Entity, Feature

SHOWN = 12
TELLING = 0.8  # how far out a value must stand to be told of before the others of its entity
_INDEX = {feature.name: index for index, feature in enumerate(FEATURES)}

Vector = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Population:
    """Each feature's known values in order, and how they spread; `size` is how many payments were read."""

    columns: tuple[Vector, ...]
    means: NDArray[np.float64]
    spreads: NDArray[np.float64]  # never zero
    size: int

    @classmethod
    def of(cls, vectors: Sequence[bytes]) -> Self | None:
        """None where no payment was decided by these features."""
        known = [vector for raw in vectors if (vector := decoded(raw)) is not None]
        if not known:
            return None
        table = np.stack(known)
        columns = tuple(np.sort(column[~np.isnan(column)]) for column in table.T)
        spreads = np.array([column.std(dtype=np.float64) if len(column) else 0.0 for column in columns])
        return cls(
            columns=columns,
            means=np.array([column.mean(dtype=np.float64) if len(column) else 0.0 for column in columns]),
            spreads=np.where(spreads > 0, spreads, 1.0),
            size=len(known),
        )

    def place(self, index: int, value: float) -> float | None:
        """The share of payments with a lower value, equals counted half; None where nobody has one."""
        column = self.columns[index]
        if not len(column):
            return None
        lower, not_higher = np.searchsorted(column, value, "left"), np.searchsorted(column, value, "right")
        return float(lower + not_higher) / 2 / len(column)

    def same(self, index: int, value: float) -> float:
        """The share of payments with just this value."""
        column = self.columns[index]
        if not len(column):
            return 0.0
        return float(np.searchsorted(column, value, "right") - np.searchsorted(column, value, "left")) / len(
            column
        )

    def unknown(self, index: int) -> float:
        return 1 - len(self.columns[index]) / self.size


class Strip(Struct, frozen=True, kw_only=True):
    """One value; `place` is 0 to 1 from the lowest to the highest, None where it is unknown."""

    name: str
    value: str
    place: float | None
    note: str
    is_reason: bool = False
    stands_out: bool = False


def decoded(raw: bytes | None) -> Vector | None:
    """None for a vector of other features than this release knows."""
    if raw is None or len(raw) != 4 * len(FEATURES):
        return None
    return np.frombuffer(raw, "<f4")


def strips(population: Population, vector: Vector, reasons: Sequence[str], currency: str) -> list[Strip]:
    """The features of the reasons, then those of each entity that stand out most."""
    first = [_INDEX[code] for code in reasons if code in _INDEX]
    chosen = [*first, *(index for index in _most_telling(population, vector) if index not in first)]
    return [_strip(population, vector, index, currency, index in first) for index in chosen[:SHOWN]]


def markup_of(of: Sequence[Strip], size: int) -> str:
    rows = "".join(map(_row, of))
    return (
        f"<div class='fg-strips'>{rows}</div>"
        f"<div class='fg-axis fg-soft'><span>lowest</span><span>half of the last {size:,} payments</span>"
        "<span>highest</span></div>"
    )


def _row(strip: Strip) -> str:
    classes = "fg-strip" + (" fg-first" if strip.is_reason else "") + (" fg-out" if strip.stands_out else "")
    mark = "" if strip.place is None else f"<i style='left:{100 * strip.place:.1f}%'></i>"
    return (
        f"<div class='{classes}' title='{escape(strip.note, quote=True)}'><span>{escape(strip.name)}</span>"
        f"<b>{escape(strip.value)}</b><div class='fg-track'>{mark}</div>"
        f"<small>{escape(strip.note)}</small></div>"
    )


def _most_telling(population: Population, vector: Vector) -> list[int]:
    """In turn one of each entity, the one that stands out most first."""
    by_entity: dict[Entity, list[tuple[float, int]]] = defaultdict(list)
    for index, feature in enumerate(FEATURES):
        by_entity[feature.entity].append((-_tells(population, vector, index, feature), index))
    ranked = [sorted(each) for each in by_entity.values()]
    turns = max(len(each) for each in ranked)
    found = [each[turn] for turn in range(turns) for each in ranked if turn < len(each)]
    loud = [index for out, index in sorted(found) if -out >= TELLING]
    return [*loud, *(index for _, index in found if index not in loud)]


def _tells(population: Population, vector: Vector, index: int, feature: Feature) -> float:
    """How far out a value stands on the risky side, 0 to 1; half as much where no side is risky."""
    value = float(vector[index])
    place = None if np.isnan(value) else population.place(index, value)
    if place is None or population.same(index, value) > 0.5:
        return 0.0
    if feature.risk:
        return place if feature.risk > 0 else 1 - place
    return abs(place - 0.5)


def _strip(population: Population, vector: Any, index: int, currency: str, is_reason: bool) -> Strip:
    feature, value = FEATURES[index], float(vector[index])
    name = feature.name.replace("_", " ")
    if np.isnan(value):
        note = f"unknown, as of {whole_percent(population.unknown(index))} of payments"
        return Strip(name=name, value="unknown", place=None, note=note, is_reason=is_reason)
    place = population.place(index, value)
    return Strip(
        name=name,
        value=written_value(feature, value, currency),
        place=place,
        note=_note(place, population.same(index, value)),
        is_reason=is_reason,
        stands_out=_tells(population, vector, index, feature) >= TELLING,
    )


def _note(place: float | None, same: float) -> str:
    if place is None:
        return "nobody else has one"
    if same > 0.3:
        return f"as {whole_percent(same)}"
    if place > 0.5:
        return f"above {_below_all(place)}"
    return f"below {_below_all(1 - place)}"


def _below_all(share: float) -> str:
    """ "above 100 %" would be a lie while one is higher."""
    return "nearly all" if share >= 0.995 else whole_percent(share)


def whole_percent(share: float) -> str:
    """Shares of a sample are no more exact than that."""
    return f"{100 * share:.0f} %"

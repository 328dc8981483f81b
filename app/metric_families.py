"""Counters, gauges and histograms over closed labels, and their page for Prometheus (text format 0.0.4)."""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf, isinf, isnan
from typing import Generic, TypeVar

from app.metric_cells import Cells, Key

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, kw_only=True)
class Label:
    """Its values are the `known` ones; or, where they are data, the first `most` that come. Else: other."""

    name: str
    known: tuple[str, ...] = ()
    most: int = 0


class Counted:
    """One series that only rises."""

    def __init__(self, cells: Cells, at: int) -> None:
        self._cells, self._at = cells, at

    def inc(self, amount: float = 1.0) -> None:
        self._cells.add(self._at, amount)


class Level:
    """One series that goes up and down."""

    def __init__(self, cells: Cells, at: int) -> None:
        self._values, self._at = cells.values, at

    def set(self, value: float) -> None:
        self._values[self._at] = value


class Spread:
    """One series of observations: cells of the sum, then of each bucket."""

    def __init__(self, cells: Cells, at: int, bounds: tuple[float, ...]) -> None:
        self._cells, self._at, self._bounds = cells, at, bounds

    def observe(self, value: float) -> None:
        self._cells.add(self._at, value)
        self._cells.add(self._at + 1 + bisect_left(self._bounds, value), 1.0)


Series = TypeVar("Series", Counted, Level, Spread)


class Family(ABC, Generic[Series]):
    """All series of a metric."""

    kind = "untyped"
    width = 1

    def __init__(self, cells: Cells, name: str, meaning: str, labels: tuple[Label, ...] = ()) -> None:
        self._cells = cells
        self._labels = labels
        self._seen: tuple[dict[str, str], ...] = tuple(
            {str(value): str(value) for value in each.known} for each in labels
        )
        self._series: dict[tuple[str, ...], Series] = {}
        self.name = name
        self.meaning = meaning
        self._go_on()

    def labels(self, *values: str) -> Series:
        """The series of these values, in the order of the labels."""
        known = self._series.get(values)
        return known if known is not None else self._make(values)

    def page(self, counted: list[Mapping[Key, list[float]]]) -> Iterator[str]:
        """Its lines, out of what each worker counted."""
        yield f"# HELP {self.sample} {self.meaning}"
        yield f"# TYPE {self.sample} {self.kind}"
        for key, cells in sorted(self._together(counted).items()):
            names = (label.name for label in self._labels)
            yield from self._lines(dict(zip(names, key[1:], strict=True)), cells)

    @property
    def sample(self) -> str:
        return self.name

    def _go_on(self) -> None:
        """With what a worker before this one counted; a metric without labels is shown from the beginning."""
        for _, *values in self._cells.known(self.name):
            for seen, value in zip(self._seen, values, strict=True):
                seen[value] = value
        if not self._labels:
            self.labels()

    def _make(self, values: tuple[str, ...]) -> Series:
        closed: tuple[str, ...] = tuple(
            self._closed(label, seen, value)
            for label, seen, value in zip(self._labels, self._seen, values, strict=True)
        )
        if closed not in self._series:
            at = self._cells.place((self.name, *closed), self.width)
            self._series[closed] = self._of(at)
        return self._series[closed]

    @staticmethod
    def _closed(label: Label, seen: dict[str, str], value: str) -> str:
        if value not in seen and len(seen) < label.most:
            seen[value] = value
        return seen.get(value, OTHER)

    @abstractmethod
    def _of(self, at: int) -> Series:
        """The series whose cells begin at `at`."""

    def _together(self, counted: Iterable[Mapping[Key, list[float]]]) -> dict[Key, list[float]]:
        together: dict[Key, list[float]] = {}
        for worker in counted:
            for key, cells in worker.items():
                if key[0] == self.name:
                    together[key] = self._joined(together[key], cells) if key in together else cells
        return together

    def _joined(self, one: list[float], other: list[float]) -> list[float]:
        return [left + right for left, right in zip(one, other, strict=True)]

    def _lines(self, labels: Mapping[str, str], cells: list[float]) -> Iterator[str]:
        yield line(self.sample, labels, cells[0])


class Counter(Family[Counted]):
    kind = "counter"

    def inc(self, amount: float = 1.0) -> None:
        self.labels().inc(amount)

    @property
    def sample(self) -> str:
        return f"{self.name}_total"

    def _of(self, at: int) -> Counted:
        return Counted(self._cells, at)


class Gauge(Family[Level]):
    """Of several workers the highest counts; `own`: the one of the worker that is asked."""

    kind = "gauge"

    def __init__(
        self, cells: Cells, name: str, meaning: str, labels: tuple[Label, ...] = (), *, own: bool = False
    ) -> None:
        super().__init__(cells, name, meaning, labels)
        self._own = own

    def page(self, counted: list[Mapping[Key, list[float]]]) -> Iterator[str]:
        return super().page(counted[:1] if self._own else counted)

    def set(self, value: float) -> None:
        self.labels().set(value)

    def _of(self, at: int) -> Level:
        return Level(self._cells, at)

    def _joined(self, one: list[float], other: list[float]) -> list[float]:
        return [max(one[0], other[0])]


class Histogram(Family[Spread]):
    kind = "histogram"

    def __init__(
        self,
        cells: Cells,
        name: str,
        meaning: str,
        labels: tuple[Label, ...] = (),
        *,
        bounds: tuple[float, ...],
    ) -> None:
        self._bounds = bounds
        self.width = 2 + len(bounds)  # the sum, the buckets, and what is above them
        super().__init__(cells, name, meaning, labels)

    def observe(self, value: float) -> None:
        self.labels().observe(value)

    def _of(self, at: int) -> Spread:
        return Spread(self._cells, at, self._bounds)

    def _lines(self, labels: Mapping[str, str], cells: list[float]) -> Iterator[str]:
        below = 0.0
        for bound, number in zip((*self._bounds, inf), cells[1:], strict=True):
            below += number
            yield line(f"{self.name}_bucket", {**labels, "le": _number(bound)}, below)
        yield line(f"{self.name}_sum", labels, cells[0])
        yield line(f"{self.name}_count", labels, below)


def line(name: str, labels: Mapping[str, str], value: float) -> str:
    inside = ",".join(f'{label}="{text.translate(_ESCAPES)}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _number(value: float) -> str:
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value))

"""Where metrics are counted: doubles in memory, or in a file that the other workers of this API read too.

A worker that is started again goes on with the file of the one before, so that no counter falls.
"""

import json
import mmap
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

MOST_CELLS = 16_384
_BYTES = 8 * MOST_CELLS
Key = tuple[str, ...]  # a metric's name, then its label values


class Cells:
    """`folder` is of this run of the API alone; None: nobody else reads what is counted here."""

    def __init__(self, folder: Path | None = None, worker: str = "alone") -> None:
        self._folder = folder
        self._worker = worker
        self._lock = threading.Lock()
        self._places: dict[Key, tuple[int, int]] = {}
        self.values = _of_file(folder / f"{worker}.cells") if folder else _in_memory()
        if folder:
            self._places = _names(folder / f"{worker}.names")
        self._free = max((at + width for at, width in self._places.values()), default=0)

    def place(self, key: Key, width: int) -> int:
        """The first of `width` neighbouring cells, which begin at 0.0 and are the key's for good."""
        with self._lock:
            if key not in self._places:
                assert self._free + width <= MOST_CELLS, "labels are bounded below this"  # noqa: S101 - a fault of ours
                self._note(key, self._free, width)
                self._places[key] = (self._free, width)
                self._free += width
            return self._places[key][0]

    def add(self, at: int, amount: float) -> None:
        with self._lock:
            self.values[at] += amount

    def known(self, name: str) -> list[Key]:
        """The keys of a metric that have a place, also from a worker before this one."""
        return [key for key in self._places if key[0] == name]

    def workers(self) -> Iterator[Mapping[Key, list[float]]]:
        """What each worker has counted so far, this one first."""
        yield _read(self._places, self.values)
        for file in sorted(self._folder.glob("*.cells")) if self._folder else ():
            if file.stem != self._worker:
                yield _read(_names(file.with_suffix(".names")), _of_file(file))

    def _note(self, key: Key, at: int, width: int) -> None:
        if self._folder:
            with (self._folder / f"{self._worker}.names").open("a") as names:
                names.write(json.dumps([at, width, *key]) + "\n")


def _in_memory() -> "memoryview[float]":
    return memoryview(bytearray(_BYTES)).cast("d")


def _of_file(path: Path) -> "memoryview[float]":
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.ftruncate(descriptor, _BYTES)
        return memoryview(mmap.mmap(descriptor, _BYTES)).cast("d")
    finally:
        os.close(descriptor)


def _names(path: Path) -> dict[Key, tuple[int, int]]:
    """Of whole lines: the last may be half written."""
    if not path.exists():
        return {}
    lines = path.read_text().split("\n")[:-1]
    return {tuple(key): (at, width) for at, width, *key in map(json.loads, lines)}


def _read(places: Mapping[Key, tuple[int, int]], values: "memoryview[float]") -> dict[Key, list[float]]:
    return {key: list(values[at : at + width]) for key, (at, width) in list(places.items())}

"""Readings made before somebody asks: while a case is read, what belongs to the next one is fetched."""

import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

from dashboard.reading import ReadingsUnavailable

Read = TypeVar("Read")
KEPT_S = 60.0
MOST_KEPT = 64


class Ahead(Generic[Read]):
    """Remembers readings by key for a minute; two who ask at once share one reading.

    `get` raises what `read` raises, which is then not remembered.
    """

    def __init__(
        self, read: Callable[[str], Read], *, clock: Callable[[], float] = time.monotonic, threads: int = 2
    ) -> None:
        self._read = read
        self._clock = clock
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="ahead")
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[float, Future[Read]]] = OrderedDict()

    def fetch(self, key: str) -> None:
        """Begin to read, unless that was done lately."""
        self._begun(key)

    def get(self, key: str) -> Read:
        reading = self._begun(key)
        try:
            return reading.result()
        except ReadingsUnavailable:
            self._forget(key, reading)
            raise

    def _begun(self, key: str) -> Future[Read]:
        with self._lock:
            now = self._clock()
            known = self._kept.get(key)
            if known and now - known[0] < KEPT_S and not _failed(known[1]):
                return known[1]
            begun = self._threads.submit(self._read, key)
            self._kept[key] = (now, begun)
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return begun

    def _forget(self, key: str, reading: "Future[Read]") -> None:
        with self._lock:
            if key in self._kept and self._kept[key][1] is reading:
                del self._kept[key]


def _failed(reading: "Future[Read]") -> bool:
    return reading.done() and reading.exception() is not None

"""Counting what happens to every event: a call into Java costs as much as decoding the event."""

from pyflink.metrics import Counter

STEP = 64


class Tally:
    """A counter of Flink's that is told in steps, and of the rest whenever somebody may look."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._untold = 0

    def add(self) -> None:
        self._untold += 1
        if self._untold == STEP:
            self.tell()

    def tell(self) -> None:
        if self._untold:
            self._counter.inc(self._untold)
            self._untold = 0

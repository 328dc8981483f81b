"""Spares payments the wait for a database that has just failed several times in a row."""

from collections.abc import Callable

OPENS_AFTER = 5  # a single slow answer must not send everybody else down a rung
PAUSE_S = 0.5


class Breaker:
    """Closed: everybody tries. Open: nobody but one each PAUSE_S, whose success closes it again."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failures = 0
        self._next_try = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= OPENS_AFTER

    def lets_through(self) -> bool:
        if not self.is_open:
            return True
        now = self._monotonic()
        if now < self._next_try:
            return False
        self._next_try = now + PAUSE_S
        return True

    def worked(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures == OPENS_AFTER:
            self._next_try = self._monotonic() + PAUSE_S

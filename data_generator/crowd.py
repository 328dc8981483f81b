"""Who is out riding: riders drawn by how much they ride, who rest between two rides."""

import math
from bisect import bisect
from collections import deque
from collections.abc import Sequence
from itertools import accumulate, cycle
from random import Random

from data_generator.clock import hour_of, weekday_of
from data_generator.habits import willing
from data_generator.population import City, Rider
from domain.display import MINUTE_MS

TRIES = 25  # draws that may fall on people who rest or sleep
QUIET_MS = 30 * MINUTE_MS  # a live rider does not ride again sooner, unless a story says so
MOST_RESTING = 0.9  # of a crowd; the others must be left to ride


class Crowd:
    """Draws riders by how much they ride; those of the last `quiet_payments` draws rest."""

    def __init__(self, riders: Sequence[Rider], quiet_payments: float = 0) -> None:
        self._riders = riders
        self._up_to = list(accumulate(0.0 if r.dormant else r.activity for r in riders))
        self._in_turn = cycle(riders)
        self._resting: deque[Rider] = deque()
        self._rests: set[int] = set()
        self._room = math.ceil(min(quiet_payments, MOST_RESTING * len(riders)))

    def anyone(self, rng: Random) -> Rider:
        return self._riders[bisect(self._up_to, rng.random() * self._up_to[-1])]

    def awake(self, rng: Random, at_ms: int) -> Rider:
        """Somebody who rides at this hour and has not ridden lately; failing that, the next one rested."""
        hour, weekday = hour_of(at_ms), weekday_of(at_ms)
        for _ in range(TRIES):
            rider = self.anyone(rng)
            if rider.index not in self._rests and rng.random() < willing(rider.schedule, hour, weekday):
                return self._rest(rider)
        return self._rest(next(r for r in self._in_turn if r.index not in self._rests and not r.dormant))

    def _rest(self, rider: Rider) -> Rider:
        self._resting.append(rider)
        self._rests.add(rider.index)
        if len(self._resting) > self._room:
            self._rests.discard(self._resting.popleft().index)
        return rider


def residents(city: City) -> Sequence[Rider]:
    return [city.rider(index) for index in range(city.riders)]

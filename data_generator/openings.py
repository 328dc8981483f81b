"""When each story begins, which it is, and whose: drawn from the seed before anything happens.

Stories are drawn in the same order whenever the run takes place, so a live run can tell what history did.
"""

import math
from bisect import bisect
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import accumulate, count, cycle
from operator import itemgetter
from random import Random

from data_generator.acts import Story, Wait
from data_generator.belongings import Belongings
from data_generator.clock import hour_of, weekday_of
from data_generator.habits import SATURDAY, draw_hour, willing
from data_generator.mix import (
    ATTACKS,
    FIRST_ATTACK,
    FRAUD_SHARE,
    HONEST,
    LEAD_MS,
    Kind,
    draw_kind,
    payments_a_story,
    payments_soon,
)
from data_generator.population import City, Rider
from data_generator.world import World
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS

NIGHT_HOURS = (21, 22, 23, 0, 1, 2, 3)
FIRST_ATTACK_MS = 2_500
TRIES = 25  # draws that may fall on people who rest or sleep
QUIET_MS = 30 * MINUTE_MS  # a live rider does not ride again sooner, unless a story says so
_ACCOUNTS_FIRST_MS = 10 * MINUTE_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    origin: str
    number: int
    kind: Kind
    rider: Rider
    pay_at_ms: int

    def story(self, world: World) -> Story:
        yield Wait(at_ms=self.pay_at_ms - LEAD_MS)
        rng = Random(f"{self.origin}/{self.number}")
        yield from self.kind.tell(world, rng, self.rider, self.pay_at_ms)


def history_openings(city: City, payments: int, start_ms: int, end_ms: int) -> list[Opening]:
    """Enough stories for about so many payments, in the order of their numbers, which is not that of time."""
    attacks = round(payments * FRAUD_SHARE / payments_a_story(ATTACKS))
    honest = round(payments * (1 - FRAUD_SHARE) / payments_a_story(HONEST))
    origin = f"{city.seed}/history"
    who, when = Random(f"{origin}/who"), Random(f"{origin}/when")
    kinds = [draw_kind(HONEST, who) for _ in range(honest)] + [
        draw_kind(ATTACKS, who) for _ in range(attacks)
    ]
    crowd = Crowd(city)
    first_ms = start_ms + _ACCOUNTS_FIRST_MS
    openings = []
    for number, kind in enumerate(kinds):
        rider = crowd.anyone(who)
        at_ms = _usual_time(kind, rider, when, first_ms, end_ms)
        openings.append(Opening(origin=origin, number=number, kind=kind, rider=rider, pay_at_ms=at_ms))
    return openings


def live_openings(city: City, seed: int, rate: float, start_ms: int) -> Iterator[Opening]:
    """Honest stories arrive at random so that about `rate` payments a second come; attacks keep their share.

    The first attack pays within three seconds of the start.
    """
    origin = f"{seed}/live"
    who, when = Random(f"{origin}/who"), Random(f"{origin}/when")
    crowd = Crowd(city, quiet_payments=min(rate * QUIET_MS / 1000, 0.9 * city.riders))
    gap_ms = 1000 * payments_soon(HONEST) / (rate * (1 - FRAUD_SHARE))
    honest = (
        (at_ms, draw_kind(HONEST, who)) for at_ms in accumulate(when.expovariate(1 / gap_ms) for _ in count())
    )
    for number, (after_ms, kind) in enumerate(merge(honest, _attack_times(rate, when), key=itemgetter(0))):
        pay_at_ms = start_ms + int(after_ms)
        rider = crowd.awake(who, pay_at_ms)
        yield Opening(origin=origin, number=number, kind=kind, rider=rider, pay_at_ms=pay_at_ms)


def belongings_after(openings: Iterable[Opening], seed: int, past_run: str, run: str) -> Belongings:
    """What the riders hold at the start of `run`, after these stories of an earlier one."""
    belongings = Belongings(seed, past_run)
    for opening in openings:
        if opening.kind.name == "new_phone":
            belongings.new_device(opening.rider)
        elif opening.kind.name == "new_card":
            belongings.new_card(opening.rider)
    belongings.enter_run(run)
    return belongings


class Crowd:
    """Draws riders by how much they ride; those of the last `quiet_payments` draws rest."""

    def __init__(self, city: City, quiet_payments: float = 0) -> None:
        self._riders = [city.rider(index) for index in range(city.riders)]
        self._up_to = list(accumulate(0.0 if r.dormant else r.activity for r in self._riders))
        self._in_turn = cycle(self._riders)
        self._resting: deque[Rider] = deque()
        self._rests: set[int] = set()
        self._room = math.ceil(quiet_payments)

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


def _usual_time(kind: Kind, rider: Rider, rng: Random, first_ms: int, end_ms: int) -> int:
    """A time within the span at one of the rider's hours, or at night for what happens at night."""
    midnight_ms = first_ms - first_ms % DAY_MS
    days = (end_ms - midnight_ms) // DAY_MS + 1
    while True:
        day_ms = midnight_ms + rng.randrange(days) * DAY_MS
        weekend = weekday_of(day_ms) >= SATURDAY
        if weekend and rng.random() >= rider.schedule.weekend:
            continue
        hour = rng.choice(NIGHT_HOURS) if kind.at_night else draw_hour(rider.schedule, rng)
        if kind in ATTACKS:
            hour = (hour + rng.choice((0, 0, 5, 9, 14))) % 24
        at_ms = day_ms + hour * HOUR_MS + rng.randrange(HOUR_MS)
        if first_ms <= at_ms < end_ms:
            return at_ms


def _attack_times(rate: float, rng: Random) -> Iterator[tuple[float, Kind]]:
    """Milliseconds after the start; each attack waits until its payments fit into the fraud share."""
    fraud_payments = 0.0
    kind, at_ms = FIRST_ATTACK, float(FIRST_ATTACK_MS)
    while True:
        yield at_ms, kind
        fraud_payments += kind.payments
        kind = draw_kind(ATTACKS, rng)
        wanted = fraud_payments + kind.payments * rng.uniform(0.7, 1.3)
        at_ms = max(at_ms, wanted / (FRAUD_SHARE * rate) * 1000)

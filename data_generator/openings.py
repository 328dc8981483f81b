"""When each story begins, which it is, and whose: drawn from the seed before anything happens.

Stories are drawn in the same order whenever the run takes place, so a live run can tell what history did.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter
from random import Random

from data_generator.acts import Story, Wait
from data_generator.belongings import Belongings
from data_generator.clock import weekday_of
from data_generator.crowd import Crowd, residents
from data_generator.habits import SATURDAY, draw_hour
from data_generator.mix import (
    ATTACKS,
    FRAUD_SHARE,
    HONEST,
    LEAD_MS,
    Kind,
    attack_named,
    draw_kind,
    payments_a_story,
)
from data_generator.population import City, Rider
from data_generator.scenarios.programme import EVERYDAY, Programme, Run
from data_generator.world import World
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS

NIGHT_HOURS = (21, 22, 23, 0, 1, 2, 3)
_ACCOUNTS_FIRST_MS = 10 * MINUTE_MS
_ATTACK_NAMES = frozenset(kind.name for kind in ATTACKS)


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


def history_openings(
    city: City, payments: int, start_ms: int, end_ms: int, without: frozenset[str] = frozenset()
) -> list[Opening]:
    """Enough stories for about so many payments, in the order of their numbers, which is not that of time.

    Attacks named in `without` are drawn and then left out, so that all other stories stay as they were.
    """
    left_out = {attack_named(name) for name in without}
    attacks = round(payments * FRAUD_SHARE / payments_a_story(ATTACKS))
    honest = round(payments * (1 - FRAUD_SHARE) / payments_a_story(HONEST))
    origin = f"{city.seed}/history"
    who, when = Random(f"{origin}/who"), Random(f"{origin}/when")
    kinds = [draw_kind(HONEST, who) for _ in range(honest)] + [
        draw_kind(ATTACKS, who) for _ in range(attacks)
    ]
    crowd = Crowd(residents(city))
    first_ms = start_ms + _ACCOUNTS_FIRST_MS
    openings = []
    for number, kind in enumerate(kinds):
        rider = crowd.anyone(who)
        at_ms = usual_time(kind, rider, when, first_ms, end_ms)
        if kind not in left_out:
            openings.append(Opening(origin=origin, number=number, kind=kind, rider=rider, pay_at_ms=at_ms))
    return openings


def live_openings(
    city: City, seed: int, rate: float, start_ms: int, programme: Programme = EVERYDAY
) -> Iterator[Opening]:
    """Honest stories arrive at random so that about `rate` payments a second come; attacks keep their share.

    The first attack pays within three seconds of the start. What `programme` shows comes on top.
    """
    who = Random(f"{seed}/live/who")
    streams = Run(city=city, seed=seed, rate=rate, programme=programme).calls()
    for number, call in enumerate(merge(*streams, key=attrgetter("after_ms"))):
        pay_at_ms = start_ms + int(call.after_ms)
        rider = call.crowd.awake(who, pay_at_ms)
        yield Opening(origin=f"{seed}/live", number=number, kind=call.kind, rider=rider, pay_at_ms=pay_at_ms)


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


def usual_time(kind: Kind, rider: Rider, rng: Random, first_ms: int, end_ms: int) -> int:
    """A time in ms since the epoch, at one of the rider's hours, or at night for what happens at night."""
    midnight_ms = first_ms - first_ms % DAY_MS
    days = (end_ms - midnight_ms) // DAY_MS + 1
    while True:
        day_ms = midnight_ms + rng.randrange(days) * DAY_MS
        weekend = weekday_of(day_ms) >= SATURDAY
        if weekend and rng.random() >= rider.schedule.weekend:
            continue
        hour = rng.choice(NIGHT_HOURS) if kind.at_night else draw_hour(rider.schedule, rng)
        if kind.name in _ATTACK_NAMES and not kind.usual_hours:
            hour = (hour + rng.choice((0, 0, 5, 9, 14))) % 24
        at_ms = day_ms + hour * HOUR_MS + rng.randrange(HOUR_MS)
        if first_ms <= at_ms < end_ms:
            return at_ms

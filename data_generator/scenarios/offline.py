"""Scenarios as histories, for reports: an everyday month that ends in a rare day or a cold start.

The payments that count are those whose event names the scenario; the others are the past that it happens in.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from data_generator.agenda import Agenda
from data_generator.belongings import Belongings
from data_generator.crowd import Crowd, residents
from data_generator.demand import among
from data_generator.history import RUN, SimulatedEvent, accounts_told, told
from data_generator.mix import ATTACKS, FRAUD_SHARE, Kind, draw_kind, payments_a_story
from data_generator.openings import Opening, history_openings, usual_time
from data_generator.population import City
from data_generator.scenarios import surge
from data_generator.scenarios.cold_start import ColdStart, cold
from data_generator.scenarios.retelling import marked
from data_generator.world import past_world
from domain.display import DAY_MS, HOUR_MS

PAST_DAYS = 14
COLD_DAYS, COLD_PART = 7, 0.4  # the last week; this part of all payments is of the scenario
NIGHT_FROM_MS, NIGHT_MS = 18 * HOUR_MS, 12 * HOUR_MS
Scenario = Callable[[int, int, int, int], Iterator[SimulatedEvent]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cast:
    """Who tells what, and how much of it."""

    kinds: tuple[Kind, ...]
    crowd: Crowd
    payments: float

    def stories(self, rng: Random) -> list[Kind]:
        each = payments_a_story(self.kinds) / among(self.kinds)
        return [draw_kind(self.kinds, rng) for _ in range(round(self.payments / each))]


def surge_night(seed: int, riders: int, payments: int, end_ms: int) -> Iterator[SimulatedEvent]:
    """Two weeks up to the last whole night, in which five times as many payments an hour come as before."""
    city = City(seed, riders)
    until_ms = (end_ms - NIGHT_FROM_MS - NIGHT_MS) // DAY_MS * DAY_MS + NIGHT_FROM_MS + NIGHT_MS
    from_ms, start_ms = until_ms - NIGHT_MS, until_ms - NIGHT_MS - PAST_DAYS * DAY_MS
    usual = NIGHT_MS / (PAST_DAYS * DAY_MS)  # the night's part of a past payment
    past = payments / (1 + surge.FACTOR * usual)
    locals_, others = past * usual * (1 - FRAUD_SHARE), past * usual * (surge.FACTOR - 1)
    known = Crowd(residents(city))
    casts = (
        _Cast(kinds=surge.LOCALS, crowd=known, payments=locals_),
        _Cast(kinds=surge.visitors_tell(), crowd=Crowd(surge.visitors(city)), payments=others),
        _Cast(kinds=ATTACKS, crowd=known, payments=past * usual * surge.FACTOR * FRAUD_SHARE),
    )
    rng = Random(f"{seed}/{surge.NAME}")
    opened = _opened(surge.NAME, casts, rng, lambda *_: from_ms + rng.randrange(NIGHT_MS))
    stories = [*history_openings(city, round(past), start_ms, from_ms), *opened]
    yield from _history(city, stories, start_ms, end_ms)


def cold_week(
    start: ColdStart, seed: int, riders: int, payments: int, end_ms: int
) -> Iterator[SimulatedEvent]:
    """Three weeks; in the last one riders, cards or a city that nobody knew come on top."""
    city = City(seed, riders)
    from_ms = end_ms - COLD_DAYS * DAY_MS
    start_ms = from_ms - PAST_DAYS * DAY_MS
    who = cold(start, city, seed)
    new = payments * COLD_PART
    casts = (
        _Cast(kinds=who.honest(), crowd=who.crowd, payments=new * (1 - FRAUD_SHARE)),
        _Cast(kinds=who.attacks(ATTACKS), crowd=who.crowd, payments=new * FRAUD_SHARE),
    )
    rng = Random(f"{seed}/{start.value}")
    opened = _opened(start.value, casts, rng, partial(usual_time, rng=rng, first_ms=from_ms, end_ms=end_ms))
    stories = [*history_openings(city, round(payments - new), start_ms, end_ms), *opened]
    yield from _history(city, stories, start_ms, end_ms)


SCENARIOS: dict[str, Scenario] = {
    surge.NAME: surge_night,
    **{start.value: partial(cold_week, start) for start in ColdStart},
}


def _opened(name: str, casts: Sequence[_Cast], rng: Random, time_of: Callable[..., int]) -> Iterator[Opening]:
    number = 0
    for cast in casts:
        for kind in cast.stories(rng):
            rider = cast.crowd.anyone(rng)
            at_ms, told_as = time_of(kind, rider), marked(kind, name)
            yield Opening(origin=name, number=number, kind=told_as, rider=rider, pay_at_ms=at_ms)
            number += 1


def _history(city: City, stories: Iterable[Opening], start_ms: int, end_ms: int) -> Iterator[SimulatedEvent]:
    world = past_world(city, Belongings(city.seed, RUN), RUN)
    yield from accounts_told(world, start_ms)
    agenda = Agenda()
    for opening in stories:
        agenda.resume(opening.story(world))
    yield from told(world, agenda, end_ms - 1)

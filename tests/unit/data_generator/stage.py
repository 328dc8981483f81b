"""Plays single stories for the tests, with verdicts of the test's own."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple, TypeVar

from data_generator.acts import Act, Answer, Pay, Publish, Report
from data_generator.agenda import Agenda
from data_generator.belongings import Belongings
from data_generator.identity import IdStream
from data_generator.population import City, Rider
from data_generator.world import World, present_world
from domain.decision import Verdict
from domain.display import DAY_MS

T = TypeVar("T")
PAY_AT_MS = 1_790_000_000_000
FOREVER_MS = PAY_AT_MS + 400 * DAY_MS


class Played(NamedTuple):
    acts: list[Act]

    @property
    def payments(self) -> list[Pay]:
        return [act for act in self.acts if isinstance(act, Pay)]

    @property
    def reports(self) -> list[Report]:
        return [act for act in self.acts if isinstance(act, Report)]

    def events(self, kind: type[T]) -> list[T]:
        return [act.event for act in self.acts if isinstance(act, Publish) and isinstance(act.event, kind)]


def world(*, riders: int = 500, seed: int = 3, time_scale: float = 1.0) -> World:
    city = City(seed, riders)
    return present_world(city, Belongings(seed, "test"), IdStream(seed, "test"), time_scale)


def play(
    stage: World,
    tell: Callable[[World, Random, Rider, int], object],
    *,
    number: int = 0,
    rider: Rider | None = None,
    verdict: Callable[[Pay], Verdict | None] = lambda _payment: Verdict.APPROVE,
) -> Played:
    """Everything that happens in one story and what comes of it, in the order of time."""
    agenda, acts = Agenda(), []
    rider = rider or stage.city.rider(number % stage.city.riders)
    agenda.resume(tell(stage, Random(number), rider, PAY_AT_MS))
    while taken := agenda.take(FOREVER_MS):
        story, act = taken
        acts.append(act)
        answer = Answer(at_ms=act.at_ms, verdict=verdict(act)) if isinstance(act, Pay) else None
        agenda.resume(story, answer)
    return Played(acts)


def many(tell: Callable[[World, Random, Rider, int], object], count: int = 60) -> list[Played]:
    stage = world()
    return [play(stage, tell, number=number) for number in range(count)]

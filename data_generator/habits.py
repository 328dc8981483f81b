"""When people ride and where they go: the part of a rider that makes a departure from it telling."""

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from data_generator.city import Zone, near, popular_zone

if TYPE_CHECKING:
    from data_generator.population import Rider


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Weights of the 24 hours, and how much less is ridden at the weekend."""

    name: str
    share: float
    hours: tuple[float, ...]
    weekend: float

    @property
    def busiest(self) -> float:
        return max(self.hours)


def _hours(quiet: float, busy: dict[range, float]) -> tuple[float, ...]:
    weights = [quiet] * 24
    for hours, weight in busy.items():
        for hour in hours:
            weights[hour % 24] = weight
    return tuple(weights)


SCHEDULES = (
    Schedule(
        name="commuter",
        share=0.35,
        hours=_hours(0.15, {range(7, 10): 3.0, range(16, 20): 2.5, range(20, 24): 0.5}),
        weekend=0.4,
    ),
    Schedule(name="daytime", share=0.2, hours=_hours(0.1, {range(8, 19): 1.5}), weekend=0.8),
    Schedule(
        name="evening", share=0.2, hours=_hours(0.15, {range(17, 24): 2.0, range(24, 26): 0.8}), weekend=1.0
    ),
    Schedule(name="night", share=0.1, hours=_hours(0.2, {range(21, 29): 2.0}), weekend=1.0),
    Schedule(
        name="any",
        share=0.15,
        hours=_hours(1.0, {range(1, 6): 0.5}),
        weekend=1.0,
    ),
)
SATURDAY = 5


def draw_schedule(rng: Random) -> Schedule:
    return rng.choices(SCHEDULES, [schedule.share for schedule in SCHEDULES])[0]


def draw_hour(schedule: Schedule, rng: Random) -> int:
    return rng.choices(range(24), schedule.hours)[0]


def willing(schedule: Schedule, hour: int, weekday: int) -> float:
    """How likely somebody with this schedule is to ride now, against their busiest hour: 0 to 1."""
    weekend = schedule.weekend if weekday >= SATURDAY else 1.0
    return schedule.hours[hour] / schedule.busiest * weekend


def usual_trip(rider: "Rider", hour: int, rng: Random) -> tuple[Zone, Zone]:
    """Pickup and drop-off zones of an ordinary ride at this hour."""
    if rng.random() < 0.08:
        return popular_zone(rng), popular_zone(rng)
    if rider.schedule.name == "commuter" and rng.random() < 0.7:
        return (rider.home, rider.work) if 4 <= hour < 13 else (rider.work, rider.home)
    haunt = rng.choice(rider.haunts)
    outward = 4 <= hour < 19
    if rng.random() < 0.2:
        return haunt, near(haunt, rng)
    return (rider.home, haunt) if outward == (rng.random() < 0.75) else (haunt, rider.home)


def surge(hour: int, rng: Random) -> float:
    """What the hour does to the fare."""
    if hour >= 22 or hour < 4:
        return rng.uniform(1.0, 1.9)
    if hour in (8, 17, 18):
        return rng.uniform(1.0, 1.4)
    return rng.uniform(0.95, 1.1)

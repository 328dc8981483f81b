"""A festival night: five times the usual honest demand, groups at dear fares, to places nobody knows.

The city's own people go out more than usual; the rest of the demand are visitors, so that nobody rides five
times as often as before.
"""

from dataclasses import replace
from random import Random

from data_generator.acts import Story
from data_generator.city import KM_PER_DEGREE, SIDE_KM, ZONES
from data_generator.clock import minutes, seconds
from data_generator.habits import SCHEDULES
from data_generator.honest.regular import honest_ride, usual_payer, way
from data_generator.mix import HONEST, Kind
from data_generator.population import City, Rider
from data_generator.scenarios.strangers import Joining, strangers
from data_generator.world import World

NAME = "surge"
FACTOR = 5.0
DEAR = (1.4, 3.0)  # what the night does to a fare
CARS = (1, 1, 1, 2, 2, 3, 4)
FETCHED_HOME = 0.3  # by a friend, in a car paid by somebody else
IN_HASTE = 0.9  # they are on their way when they join
OLD_ACCOUNTS = 0.6  # of visitors have used the app elsewhere
ODD = {"regular": 0.5, "night_out": 6.0, "host": 4.0, "family_outing": 3.0, "newcomer": 2.0}
NIGHT = next(schedule for schedule in SCHEDULES if schedule.name == "night")
# A ground keeps the number of the zone beside it, and so its distances and neighbours.
GROUNDS = tuple(
    replace(
        above,
        zone_id=f"{above.zone_id[:-1]}7",
        lat=round(above.lat - SIDE_KM / KM_PER_DEGREE, 6),
    )
    for above in (ZONES[42], ZONES[44])
)


def festival(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    """To the festival ground with friends in cars of their own, all on one card, and home in the night."""
    payer, ground, price = usual_payer(world, rng, rider), rng.choice(GROUNDS), rng.uniform(*DEAR)
    earliest_ms = 0
    for there in (True, False):
        for _ in range(rng.choice(CARS)):
            zones = (rider.home, ground) if there else (ground, rider.home)
            trip = way(world, rng, rider, zones, price * rng.uniform(0.9, 1.2))
            settled = yield from honest_ride(
                world, rng, rider, payer=payer, trip=trip, pay_at_ms=pay_at_ms, earliest_ms=earliest_ms
            )
            earliest_ms = settled.at_ms + 1_500
            pay_at_ms = settled.at_ms + seconds(rng, 8, 120)
        if rng.random() < FETCHED_HOME:
            return
        pay_at_ms += minutes(rng, 20, 300)


FESTIVAL = Kind(name="festival", share=0.5, payments=3.4, soon=2.0, tell=festival)
LOCALS = (
    *(replace(kind, share=0.8 * kind.share * ODD.get(kind.name, 1.0)) for kind in HONEST),
    replace(FESTIVAL, share=0.2),
)
_VISITORS = (
    FESTIVAL,
    *(replace(k, share=0.15) for k in HONEST if k.name in ("night_out", "host", "traveller")),
)


def visitors(city: City) -> list[Rider]:
    """People who came for the night; their indices lie beyond those of any other newcomer."""
    return strangers(city, 10 * city.riders, city.riders // 2, NIGHT)


def visitors_tell() -> tuple[Kind, ...]:
    """What visitors do, each of them told of before the first ride."""
    joining = Joining(old_accounts=OLD_ACCOUNTS, at_once=IN_HASTE)
    return tuple(joining.told_by(kind) for kind in _VISITORS)

"""What an analyst sees: fares that rose after they were quoted, for far more kilometres than the money would
buy, picked up where the rider was not. A driver's faked position makes the way to pay longer; the riders, all
honest, have nothing in common but the bill that they dispute.
"""

from dataclasses import replace
from random import Random

from data_generator.acts import Story, child
from data_generator.city import Zone, far_from, near, spot_in
from data_generator.clock import minutes
from data_generator.fraud.adaptation import Adaptation
from data_generator.honest.regular import usual_payer, usual_way
from data_generator.outcomes import FARE_REASON
from data_generator.payments import Truth
from data_generator.population import Rider, somebody
from data_generator.rides import ride
from data_generator.trips import Trip
from data_generator.world import World

NAME = "gps_spoofing"
SIZES = range(3, 8)
FARTHER, DEARER = (2.0, 3.5), (1.06, 1.42)  # than quoted
FARTHEST_M = 26_000  # the city has no longer way
PAUSE_MINUTES = (4, 25)
TRUTH = Truth(fraud=NAME, reason=FARE_REASON)


def gps_spoofing(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    """One driver's shift; `rider` is the first who is driven, the others are whoever calls next."""
    thief, earliest_ms = Adaptation(rng), pay_at_ms - 30_000
    driver_id = world.city.driver_near(rider.home, rng)
    for _ in range(rng.choice(SIZES)):
        part = child(rng)
        payer = usual_payer(world, part, rider)
        asked = replace(usual_way(world, part, rider, pay_at_ms), driver_id=driver_id)
        settled = yield from ride(
            world,
            part,
            payer=payer,
            trip=_spoofed(part, asked, thief),
            pay_at_ms=pay_at_ms,
            earliest_ms=earliest_ms,
            truth=TRUTH,
            quoted=asked,
        )
        if thief.lost(settled):
            return
        pay_at_ms = settled.at_ms + thief.stretched(minutes(part, *PAUSE_MINUTES))
        earliest_ms = settled.at_ms
        rider = somebody(world.city, part)


def _spoofed(rng: Random, asked: Trip, thief: Adaptation) -> Trip:
    """The trip as the faked positions tell it; a driver who was stopped adds less to the fare."""
    pickup = _faked(rng, asked.pickup)
    lat, lon = spot_in(pickup, rng)
    dearer = 1 + (rng.uniform(*DEARER) - 1) * thief.price
    return replace(
        asked,
        pickup=pickup,
        lat=lat,
        lon=lon,
        distance_m=min(FARTHEST_M, int(asked.distance_m * rng.uniform(*FARTHER))),
        fare_minor=int(asked.fare_minor * dearer),
    )


def _faked(rng: Random, pickup: Zone) -> Zone:
    return far_from(pickup, rng) if rng.random() < 0.4 else near(pickup, rng)

"""What an analyst sees: a rider of good standing who pays one and the same driver ride after ride, short
trips that begin where the last one began, as if nobody had moved. Rider and driver share the driver's bonus,
and the rider then disputes what was paid: collusion.
"""

from dataclasses import replace
from random import Random

from data_generator.acts import Story, child
from data_generator.city import Zone, near, spot_in
from data_generator.clock import minutes
from data_generator.fraud.adaptation import Adaptation
from data_generator.outcomes import DISPUTE_REASON
from data_generator.payments import Truth
from data_generator.people import Payer
from data_generator.population import Rider
from data_generator.rides import ride
from data_generator.trips import Trip, plan_trip
from data_generator.world import World

NAME = "ghost_trips"
SIZES = range(4, 10)
PAUSE_MINUTES = (6, 40)
GPS_ERROR = 0.0002  # degrees, some twenty metres
TRUTH = Truth(fraud=NAME, reason=DISPUTE_REASON)


def ghost_trips(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    payer = Payer(
        user_id=rider.user_id,
        device_id=world.belongings.device_of(rider),
        card_id=world.belongings.cards_of(rider)[0],
    )
    base, thief, earliest_ms = near(rider.home, rng), Adaptation(rng), pay_at_ms - 30_000
    accomplice = world.city.driver_near(base, rng)
    price, spot = rider.price_level * rng.uniform(0.9, 1.5), spot_in(base, rng)
    for _ in range(rng.choice(SIZES)):
        part = child(rng)
        trip = _parked(part, _trip(world, part, base, price * thief.price), spot, accomplice)
        settled = yield from ride(
            world, part, payer=payer, trip=trip, pay_at_ms=pay_at_ms, earliest_ms=earliest_ms, truth=TRUTH
        )
        if thief.lost(settled):
            return
        pay_at_ms = settled.at_ms + thief.stretched(minutes(part, *PAUSE_MINUTES))
        earliest_ms = settled.at_ms
        payer = yield from thief.device(world, payer, earliest_ms)
        if (elsewhere := thief.zone(base)) is not base:
            base, spot = elsewhere, spot_in(elsewhere, part)


def _trip(world: World, rng: Random, base: Zone, price: float) -> Trip:
    """Around the corner, and never driven."""
    dropoff = base if rng.random() < 0.4 else near(base, rng)
    return plan_trip(world.city, rng, base, dropoff, price * rng.uniform(0.9, 1.2))


def _parked(rng: Random, trip: Trip, spot: tuple[float, float], driver_id: str) -> Trip:
    """Every trip begins where the accomplice has parked, give or take the receiver's error."""
    lat, lon = (round(degrees + rng.uniform(-GPS_ERROR, GPS_ERROR), 6) for degrees in spot)
    return replace(trip, lat=lat, lon=lon, driver_id=driver_id)

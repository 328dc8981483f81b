"""Looks like a burst on one card: dear rides within minutes. Is a late-night surge, and cars for friends."""

from random import Random

from data_generator.acts import Story
from data_generator.city import popular_zone
from data_generator.clock import seconds
from data_generator.honest.regular import honest_ride, usual_payer, way
from data_generator.population import Rider
from data_generator.world import World


def night_out(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    payer = usual_payer(world, rng, rider)
    place, price = rng.choice(rider.haunts), rng.uniform(1.3, 2.3)
    earliest_ms = 0
    for car in range(rng.choice((2, 2, 2, 2, 3, 3, 4, 5))):
        home = rider.home if car == 0 else popular_zone(rng)
        trip = way(world, rng, rider, (place, home), price)
        settled = yield from honest_ride(
            world, rng, rider, payer=payer, trip=trip, pay_at_ms=pay_at_ms, earliest_ms=earliest_ms
        )
        earliest_ms = settled.at_ms + 1_500
        pay_at_ms = settled.at_ms + seconds(rng, 12, 200)

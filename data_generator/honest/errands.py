"""Looks like ghost trips: one driver again and again, within hours. Is a day of errands."""

from dataclasses import replace
from random import Random

from data_generator.acts import Story
from data_generator.city import near
from data_generator.clock import minutes
from data_generator.honest.regular import honest_ride, known_driver, usual_payer, way
from data_generator.population import Rider
from data_generator.world import World


def errands(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    """Two to six rides, with a driver who waits at each stop or comes back for the rider."""
    payer, driver_id = usual_payer(world, rng, rider), known_driver(world, rider)
    here, price, earliest_ms = rider.home, rng.uniform(0.9, 1.4), 0
    for _ in range(rng.choice((2, 3, 3, 4, 5, 6))):
        there = near(here, rng)
        trip = replace(way(world, rng, rider, (here, there), price), driver_id=driver_id)
        settled = yield from honest_ride(
            world, rng, rider, payer=payer, trip=trip, pay_at_ms=pay_at_ms, earliest_ms=earliest_ms
        )
        here, earliest_ms = there, settled.at_ms + 1_500
        pay_at_ms = settled.at_ms + minutes(rng, 12, 110)

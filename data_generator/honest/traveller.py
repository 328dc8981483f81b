"""Looks like a takeover: far zones, long rides, several a day. Is somebody on a trip."""

from random import Random

from data_generator.acts import Story
from data_generator.city import AIRPORT, far_from, near
from data_generator.clock import minutes, seconds
from data_generator.honest.regular import honest_ride, usual_payer, way
from data_generator.people import logged_in
from data_generator.population import Rider
from data_generator.world import World


def traveller(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    payer = usual_payer(world, rng, rider)
    base = far_from(rider.home, rng)
    if rng.random() < 0.3:
        yield logged_in(
            world,
            user_id=payer.user_id,
            device_id=payer.device_id,
            new_device=False,
            at_ms=pay_at_ms - seconds(rng, 32, 70),
        )
    stops = [AIRPORT if rng.random() < 0.5 else base, base, near(base, rng), near(base, rng)]
    for leg in range(rng.choice((1, 2, 2, 3))):
        trip = way(world, rng, rider, (stops[leg], stops[leg + 1]), rng.uniform(1.0, 1.6))
        settled = yield from honest_ride(world, rng, rider, payer=payer, trip=trip, pay_at_ms=pay_at_ms)
        pay_at_ms = settled.at_ms + minutes(rng, 45, 400)

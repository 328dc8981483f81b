"""Looks like a takeover: a login on a device never seen, then rides, at times far out. Is a new phone."""

from random import Random

from data_generator.acts import Story
from data_generator.city import far_from, near
from data_generator.clock import minutes, seconds
from data_generator.honest.regular import honest_ride, usual_payer, usual_way, way
from data_generator.people import logged_in
from data_generator.population import Rider
from data_generator.world import World

BOUGHT_AWAY = 0.3


def new_phone(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    device_id = world.belongings.new_device(rider)
    login_ms = pay_at_ms - seconds(rng, 32, 75)
    yield logged_in(world, user_id=rider.user_id, device_id=device_id, new_device=True, at_ms=login_ms)
    payer = usual_payer(world, rng, rider)
    away = far_from(rider.home, rng) if rng.random() < BOUGHT_AWAY else None
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        trip = usual_way(world, rng, rider, pay_at_ms)
        if away:
            trip = way(world, rng, rider, (away, near(away, rng)), rng.uniform(1.0, 1.6))
        settled = yield from honest_ride(world, rng, rider, payer=payer, trip=trip, pay_at_ms=pay_at_ms)
        pay_at_ms = settled.at_ms + minutes(rng, 2, 90)

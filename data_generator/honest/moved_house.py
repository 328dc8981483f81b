"""Looks like a takeover: new contact details, then a ride from an unknown place. Is somebody who moved."""

from random import Random

from data_generator.acts import Story
from data_generator.city import popular_zone
from data_generator.clock import seconds
from data_generator.honest.regular import honest_ride, usual_payer, way
from data_generator.people import profile_changed
from data_generator.population import Rider
from data_generator.world import World


def moved_house(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    home = popular_zone(rng)
    yield profile_changed(
        world,
        user_id=rider.user_id,
        home=home,
        rating_centi=rider.rating_centi,
        contact_changed=rng.random() < 0.8,
        at_ms=pay_at_ms - seconds(rng, 32, 75),
    )
    payer = usual_payer(world, rng, rider)
    trip = way(world, rng, rider, (home, rng.choice((rider.work, *rider.haunts))))
    yield from honest_ride(world, rng, rider, payer=payer, trip=trip, pay_at_ms=pay_at_ms)

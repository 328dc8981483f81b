"""Looks like a stolen card: added a minute ago, and used at once. Is a card that replaces an older one."""

from random import Random

from data_generator.acts import Story
from data_generator.clock import seconds
from data_generator.honest.regular import honest_ride, usual_way
from data_generator.people import Payer, card_added, card_removed
from data_generator.population import Rider, draw_country
from data_generator.world import World


def new_card(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    card_id, replaced = world.belongings.new_card(rider)
    payer = Payer(user_id=rider.user_id, device_id=world.belongings.device_of(rider), card_id=card_id)
    added_ms = pay_at_ms - seconds(rng, 16, 75)
    yield card_added(world, payer, bin_country=draw_country(rng), at_ms=added_ms)
    if replaced:
        yield card_removed(
            world, user_id=rider.user_id, card_id=replaced, at_ms=added_ms + seconds(rng, 2, 9)
        )
    trip = usual_way(world, rng, rider, pay_at_ms)
    yield from honest_ride(
        world, rng, rider, payer=payer, trip=trip, pay_at_ms=pay_at_ms, earliest_ms=added_ms + 9_000
    )

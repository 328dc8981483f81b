"""Looks like a stolen-card burst: cars from all over town within minutes. Is somebody who fetches guests."""

from dataclasses import replace
from random import Random

from data_generator.acts import Story
from data_generator.city import popular_zone
from data_generator.clock import seconds
from data_generator.honest.regular import honest_ride, usual_payer, way
from data_generator.people import card_added
from data_generator.population import Rider, draw_country
from data_generator.world import World

COMPANY_CARD = 0.35  # added for the day, gone tomorrow


def host(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    payer = usual_payer(world, rng, rider)
    earliest_ms = pay_at_ms - seconds(rng, 32, 75)
    if rng.random() < COMPANY_CARD:
        payer = replace(payer, card_id=world.ids.new("card"))
        yield card_added(world, payer, bin_country=draw_country(rng), at_ms=earliest_ms)
    venue, price = rng.choice((rider.home, rider.work, *rider.haunts)), rng.uniform(0.9, 1.9)
    for _ in range(rng.choice((2, 3, 3, 4, 4, 5, 6))):
        trip = way(world, rng, rider, (popular_zone(rng), venue), price)
        settled = yield from honest_ride(
            world, rng, rider, payer=payer, trip=trip, pay_at_ms=pay_at_ms, earliest_ms=earliest_ms
        )
        earliest_ms = settled.at_ms + 1_500
        pay_at_ms = settled.at_ms + seconds(rng, 8, 240)

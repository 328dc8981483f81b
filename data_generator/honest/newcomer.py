"""Looks like a thief's account: created two minutes ago, with a card just added. Is somebody's first ride."""

from dataclasses import replace
from random import Random

from data_generator.acts import Story
from data_generator.city import popular_zone
from data_generator.clock import hour_of, minutes, seconds
from data_generator.habits import surge
from data_generator.payments import Ending, Truth
from data_generator.people import Payer, account_created, card_added
from data_generator.population import Rider, draw_country
from data_generator.promotions import SELDOM_SHARE, WELCOME_SHARE
from data_generator.rides import ride
from data_generator.trips import plan_trip
from data_generator.world import World

FIRST_CARD = Truth(refused=0.1)  # many mistype a card or bring one that the issuer does not know online


def newcomer(world: World, rng: Random, _rider: Rider, pay_at_ms: int) -> Story:
    new = world.ids.new
    payer = Payer(user_id=new("usr"), device_id=new("dev"), card_id=new("card"), promo_share=WELCOME_SHARE)
    home, price_level = popular_zone(rng), rng.lognormvariate(0.0, 0.3)
    created_ms = pay_at_ms - seconds(rng, 60, 78)
    yield account_created(
        world,
        user_id=payer.user_id,
        device_id=payer.device_id,
        home=home,
        rating_centi=500,
        at_ms=created_ms,
        created_ms=created_ms,
    )
    yield card_added(world, payer, bin_country=draw_country(rng), at_ms=created_ms + seconds(rng, 8, 25))
    tourist = rng.random() < 0.35
    for number in range(rng.choice((1, 1, 2, 2, 3, 5) if tourist else (1, 1, 2, 2, 3))):
        pickup, dropoff = (home, popular_zone(rng)) if number % 2 == 0 else (popular_zone(rng), home)
        price = price_level * surge(hour_of(pay_at_ms), rng)
        trip = plan_trip(world.city, rng, pickup, dropoff, price)
        settled = yield from ride(world, rng, payer=payer, trip=trip, pay_at_ms=pay_at_ms, truth=FIRST_CARD)
        payer = replace(payer, promo_share=SELDOM_SHARE)
        pay_at_ms = settled.at_ms + (minutes(rng, 1, 40) if tourist else minutes(rng, 25, 2_000))
        if settled.ending is Ending.REFUSED:
            pay_at_ms = settled.at_ms + seconds(rng, 15, 90)
            payer = replace(payer, card_id=new("card"))
            added_ms = settled.at_ms + seconds(rng, 5, 12)
            yield card_added(world, payer, bin_country=draw_country(rng), at_ms=added_ms)

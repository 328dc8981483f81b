"""What an analyst sees: a card added minutes ago on a device nobody knows, then four to ten rides within
minutes, mostly dear ones, often from zones all over the city. Many are fake: the fare of a long ride for a
trip around the corner, which an accomplice at the wheel never drives. When the card dies, the next is added.
"""

from dataclasses import replace
from random import Random

from data_generator.acts import Story, child
from data_generator.city import near, popular_zone
from data_generator.clock import seconds
from data_generator.fraud.adaptation import Adaptation
from data_generator.fraud.thief import get_account, issuer_refuses, stolen_card_country
from data_generator.payments import Ending, Truth
from data_generator.people import Payer, card_added
from data_generator.promotions import GREEDY_SHARE
from data_generator.rides import ride
from data_generator.trips import plan_trip
from data_generator.world import World

NAME = "stolen_card_burst"
SIZES = range(4, 11)
FAKE_TRIPS, HURRIED = 0.4, 0.5


def stolen_card_burst(world: World, rng: Random, pay_at_ms: int) -> Story:
    yield from _burst(world, rng, pay_at_ms, hurried=rng.random() < HURRIED)


def hurried_burst(world: World, rng: Random, pay_at_ms: int) -> Story:
    """A burst that is over within a minute or two."""
    yield from _burst(world, rng, pay_at_ms, hurried=True)


def _burst(world: World, rng: Random, pay_at_ms: int, *, hurried: bool) -> Story:
    device_id, begin_ms = world.ids.new("dev"), pay_at_ms - seconds(rng, 62, 78)
    user_id, became_theirs = get_account(world, rng, device_id=device_id, at_ms=begin_ms)
    yield became_theirs
    payer = Payer(
        user_id=user_id, device_id=device_id, card_id=world.ids.new("card"), promo_share=GREEDY_SHARE
    )
    added_ms = pay_at_ms - seconds(rng, 32, 60)
    yield card_added(world, payer, bin_country=stolen_card_country(rng), at_ms=added_ms)
    yield from _rides(world, rng, payer, pay_at_ms, hurried=hurried)


def _rides(world: World, rng: Random, payer: Payer, pay_at_ms: int, *, hurried: bool) -> Story:
    truth = Truth(fraud=NAME, refused=issuer_refuses(rng))
    base, roams = popular_zone(rng), rng.random() < 0.45
    greed, thief = rng.uniform(0.8, 2.2), Adaptation(rng)
    fake = rng.random() < FAKE_TRIPS
    earliest_ms = pay_at_ms - 30_000
    for _ in range(rng.choice(SIZES)):
        part = child(rng)
        pickup = popular_zone(part) if roams else near(base, part)
        price = greed * part.uniform(0.8, 1.25) * thief.price
        trip = plan_trip(world.city, part, pickup, popular_zone(part), price)
        if fake:
            trip = replace(trip, distance_m=int(trip.distance_m * part.uniform(0.3, 0.8)))
        settled = yield from ride(
            world, part, payer=payer, trip=trip, pay_at_ms=pay_at_ms, earliest_ms=earliest_ms, truth=truth
        )
        if thief.lost(settled):
            return
        pay_at_ms, earliest_ms = settled.at_ms + thief.pause_ms(part, hurried=hurried), settled.at_ms
        payer, base = (yield from thief.device(world, payer, earliest_ms)), thief.zone(base)
        if settled.ending is Ending.REFUSED and part.random() < 0.4:
            payer = replace(payer, card_id=world.ids.new("card"))
            earliest_ms += int((pay_at_ms - earliest_ms) * 0.4)
            yield card_added(world, payer, bin_country=stolen_card_country(part), at_ms=earliest_ms)

"""What an analyst sees: one device, a few accounts, card after card with a small ride on each, to learn which
of a list of stolen numbers still work. The rides are short and often called off; the issuers refuse many.
"""

from random import Random

from data_generator.acts import Story, child
from data_generator.city import near, popular_zone
from data_generator.clock import seconds
from data_generator.fraud.thief import (
    Patience,
    get_account,
    issuer_refuses,
    pause_ms,
    stolen_card_country,
)
from data_generator.payments import Truth
from data_generator.people import Payer, card_added
from data_generator.promotions import GREEDY_SHARE
from data_generator.rides import ride
from data_generator.trips import plan_trip
from data_generator.world import World

NAME = "card_testing"
SIZES = range(5, 13)


def card_testing(world: World, rng: Random, pay_at_ms: int) -> Story:
    device_id, begin_ms = world.ids.new("dev"), pay_at_ms - seconds(rng, 70, 78)
    user_ids = []
    for _ in range(rng.choice((2, 3, 3, 4))):
        begin_ms += seconds(rng, 2, 6)
        user_id, became_theirs = get_account(world, rng, device_id=device_id, at_ms=begin_ms)
        yield became_theirs
        user_ids.append(user_id)
    yield from _tests(world, rng, user_ids, device_id, pay_at_ms)


def _tests(world: World, rng: Random, user_ids: list[str], device_id: str, pay_at_ms: int) -> Story:
    hurried, patience = rng.random() < 0.75, Patience(rng)
    refused = issuer_refuses(rng)
    earliest_ms = pay_at_ms - 38_000
    for _ in range(rng.choice(SIZES)):
        part = child(rng)
        payer = Payer(
            user_id=part.choice(user_ids),
            device_id=device_id,
            card_id=world.ids.new("card"),
            promo_share=GREEDY_SHARE,
        )
        added_ms = earliest_ms + int((pay_at_ms - earliest_ms) * part.uniform(0.2, 0.4))
        yield card_added(world, payer, bin_country=stolen_card_country(part), at_ms=added_ms)
        zone = popular_zone(part)
        trip = plan_trip(world.city, part, zone, near(zone, part), part.uniform(0.8, 1.05))
        settled = yield from ride(
            world,
            part,
            payer=payer,
            trip=trip,
            pay_at_ms=pay_at_ms,
            earliest_ms=added_ms,
            truth=Truth(fraud=NAME, refused=refused),
        )
        if patience.lost(settled):
            return
        pay_at_ms, earliest_ms = settled.at_ms + pause_ms(part, hurried=hurried), settled.at_ms

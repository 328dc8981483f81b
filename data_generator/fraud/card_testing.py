"""What an analyst sees: one device, some accounts, card after card with a small ride on each, to learn which
of a list of stolen numbers still work. The rides are short and often called off; the issuers refuse many.
"""

from dataclasses import replace
from random import Random

from data_generator.acts import Publish, Story, child
from data_generator.city import near, popular_zone
from data_generator.clock import seconds
from data_generator.fraud.adaptation import Adaptation
from data_generator.fraud.thief import get_account, issuer_refuses, stolen_card_country
from data_generator.payments import Truth
from data_generator.people import Payer, card_added
from data_generator.promotions import GREEDY_SHARE
from data_generator.rides import ride
from data_generator.trips import plan_trip
from data_generator.world import World

NAME = "card_testing"
SIZES, ACCOUNTS = range(5, 13), (2, 3, 4, 4, 5, 6)
BATCH, HURRIED = 0.45, 0.5  # all cards added before the first is tried; tried within seconds


def card_testing(world: World, rng: Random, pay_at_ms: int) -> Story:
    device_id, begin_ms = world.ids.new("dev"), pay_at_ms - seconds(rng, 70, 78)
    user_ids = []
    for _ in range(rng.choice(ACCOUNTS)):
        begin_ms += seconds(rng, 1, 4)
        user_id, became_theirs = get_account(world, rng, device_id=device_id, at_ms=begin_ms)
        yield became_theirs
        user_ids.append(user_id)
    payers = [_payer(world, rng, user_ids, device_id) for _ in range(rng.choice(SIZES))]
    batch = rng.random() < BATCH
    if batch:
        step_ms = (pay_at_ms - 39_000 - begin_ms) // len(payers)
        for number, payer in enumerate(payers, 1):
            yield _added(world, rng, payer, begin_ms + number * step_ms)
    yield from _tests(world, rng, payers, pay_at_ms, batch=batch)


def _tests(world: World, rng: Random, payers: list[Payer], pay_at_ms: int, *, batch: bool) -> Story:
    hurried, thief, refused = rng.random() < HURRIED, Adaptation(rng), issuer_refuses(rng)
    device_id, zone, earliest_ms = payers[0].device_id, popular_zone(rng), pay_at_ms - 38_000
    for planned in payers:
        part = child(rng)
        payer = replace(planned, device_id=device_id)
        if not batch:
            earliest_ms += int((pay_at_ms - earliest_ms) * part.uniform(0.2, 0.4))
            yield _added(world, part, payer, earliest_ms)
        pickup = near(zone, part) if part.random() < 0.3 else popular_zone(part)
        price = part.uniform(0.8, 1.05) * thief.price
        settled = yield from ride(
            world,
            part,
            payer=payer,
            trip=plan_trip(world.city, part, pickup, near(pickup, part), price),
            pay_at_ms=pay_at_ms,
            earliest_ms=earliest_ms,
            truth=Truth(fraud=NAME, refused=refused),
        )
        if thief.lost(settled):
            return
        pay_at_ms, earliest_ms = settled.at_ms + thief.pause_ms(part, hurried=hurried), settled.at_ms
        device_id, zone = (yield from thief.device(world, payer, earliest_ms)).device_id, thief.zone(zone)


def _payer(world: World, rng: Random, user_ids: list[str], device_id: str) -> Payer:
    return Payer(
        user_id=rng.choice(user_ids),
        device_id=device_id,
        card_id=world.ids.new("card"),
        promo_share=GREEDY_SHARE,
    )


def _added(world: World, rng: Random, payer: Payer, at_ms: int) -> Publish:
    return card_added(world, payer, bin_country=stolen_card_country(rng), at_ms=at_ms)

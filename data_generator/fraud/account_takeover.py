"""What an analyst sees: a rider with a past logs in on a new device, the contact details change, and dear
rides begin far from home, often at hours the rider sleeps, on the rider's own stored card.
"""

from random import Random

from data_generator.acts import Publish, Story, child
from data_generator.city import Zone, far_from, near, popular_zone
from data_generator.clock import seconds
from data_generator.fraud.adaptation import Adaptation
from data_generator.payments import Truth
from data_generator.people import Payer, logged_in, profile_changed
from data_generator.population import Rider
from data_generator.rides import ride
from data_generator.trips import Trip, plan_trip
from data_generator.world import World

NAME = "account_takeover"
SIZES = range(2, 6)
SAME_DEVICE = 0.25  # the session was stolen, not the password
CONTACT_KEPT = 0.4
STAYS_NEAR = 0.35
REFUSED = 0.04  # the card is the owner's own, so its issuer suspects little


def account_takeover(world: World, rng: Random, victim: Rider, pay_at_ms: int) -> Story:
    own_device = rng.random() < SAME_DEVICE
    device_id = world.belongings.device_of(victim) if own_device else world.ids.new("dev")
    login_ms = pay_at_ms - seconds(rng, 45, 78)
    yield logged_in(
        world, user_id=victim.user_id, device_id=device_id, new_device=not own_device, at_ms=login_ms
    )
    if rng.random() >= CONTACT_KEPT:
        yield _contact_changed(world, victim, login_ms + seconds(rng, 4, 14))
    card_id = rng.choice(world.belongings.cards_of(victim))
    payer = Payer(user_id=victim.user_id, device_id=device_id, card_id=card_id)
    yield from _rides(world, rng, victim, payer, pay_at_ms)


def _rides(world: World, rng: Random, victim: Rider, payer: Payer, pay_at_ms: int) -> Story:
    zone_of = near if rng.random() < STAYS_NEAR else far_from
    base, greed = zone_of(victim.home, rng), rng.uniform(0.9, 2.0)
    hurried, thief = rng.random() < 0.5, Adaptation(rng)
    earliest_ms = pay_at_ms - 30_000
    for _ in range(rng.choice(SIZES)):
        part = child(rng)
        settled = yield from ride(
            world,
            part,
            payer=payer,
            trip=_trip(world, part, base, greed * victim.price_level * thief.price),
            pay_at_ms=pay_at_ms,
            earliest_ms=earliest_ms,
            truth=Truth(fraud=NAME, refused=REFUSED),
        )
        if thief.lost(settled):
            return
        pay_at_ms, earliest_ms = settled.at_ms + thief.pause_ms(part, hurried=hurried), settled.at_ms
        payer, base = (yield from thief.device(world, payer, earliest_ms)), thief.zone(base)


def _trip(world: World, rng: Random, base: Zone, price: float) -> Trip:
    pickup = near(base, rng)
    dropoff = popular_zone(rng) if rng.random() < 0.6 else far_from(pickup, rng)
    return plan_trip(world.city, rng, pickup, dropoff, price * rng.uniform(0.85, 1.2))


def _contact_changed(world: World, victim: Rider, at_ms: int) -> Publish:
    return profile_changed(
        world,
        user_id=victim.user_id,
        home=victim.home,
        rating_centi=victim.rating_centi,
        contact_changed=True,
        at_ms=at_ms,
    )

"""What an analyst sees: an account of some months that rode often and paid well, and then within hours spends
far more than ever before, on its own phone, partly on cards just added. Nobody was robbed: the person never
existed, and is gone once the credit is spent.
"""

from dataclasses import replace
from random import Random

from data_generator.acts import Story, child
from data_generator.city import near, popular_zone
from data_generator.clock import seconds
from data_generator.fraud.adaptation import Adaptation
from data_generator.honest.regular import usual_payer
from data_generator.outcomes import EMPTY_CARD_REASON
from data_generator.payments import Truth
from data_generator.people import card_added
from data_generator.population import City, Rider
from data_generator.rides import ride
from data_generator.trips import plan_trip
from data_generator.world import World
from domain.display import DAY_MS

NAME = "synthetic_account"
SIZES = range(5, 11)
BUSY, YOUNG_DAYS = 3.0, 365  # rides far more than most, in an account of at most a year
HURRIED, NEW_CARD = 0.4, 0.35
TRUTH = Truth(fraud=NAME, refused=0.08, reason=EMPTY_CARD_REASON)


def synthetic_account(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    """The day on which it busts out; what it did before, it did in the crowd like anybody."""
    sleeper = sleeper_after(world.city, rider.index)
    payer, thief = usual_payer(world, rng, sleeper), Adaptation(rng)
    hurried, greed = rng.random() < HURRIED, sleeper.price_level * rng.uniform(1.5, 2.7)
    base, earliest_ms = sleeper.home, pay_at_ms - 30_000
    for _ in range(rng.choice(SIZES)):
        part = child(rng)
        if part.random() < NEW_CARD:
            payer = replace(payer, card_id=world.ids.new("card"))
            yield card_added(world, payer, bin_country=sleeper.bin_country, at_ms=earliest_ms + 500)
        pickup = near(base, part) if part.random() < 0.6 else popular_zone(part)
        price = greed * part.uniform(0.8, 1.25) * thief.price
        trip = plan_trip(world.city, part, pickup, popular_zone(part), price)
        settled = yield from ride(
            world,
            part,
            payer=payer,
            trip=trip,
            pay_at_ms=pay_at_ms,
            earliest_ms=earliest_ms + 1_000,
            truth=TRUTH,
        )
        if thief.lost(settled):
            return
        pause_ms = thief.pause_ms(part, hurried=hurried) + seconds(part, 0, 60)
        pay_at_ms, earliest_ms = settled.at_ms + pause_ms, settled.at_ms
        payer, base = (yield from thief.device(world, payer, earliest_ms)), thief.zone(base)


def sleeper_after(city: City, index: int) -> Rider:
    """The first busy rider with a young account from this index on, who may not be a person at all."""
    for step in range(city.riders):
        rider = city.rider((index + step) % city.riders)
        young = rider.account_age_ms < YOUNG_DAYS * DAY_MS
        if rider.activity > BUSY and young and not rider.dormant and not rider.family:
            return rider
    return city.rider(index)

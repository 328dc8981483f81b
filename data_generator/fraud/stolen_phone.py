"""What an analyst sees: nothing new at all, the rider's own phone, account and card, only far too often. Ride
after ride is called, for whoever asks, within minutes or over an evening, until the phone is locked.
"""

from random import Random

from data_generator.acts import Story, child
from data_generator.city import near, popular_zone
from data_generator.fraud.adaptation import Adaptation
from data_generator.payments import Truth
from data_generator.people import Payer
from data_generator.population import Rider
from data_generator.rides import ride
from data_generator.trips import plan_trip
from data_generator.world import World

NAME = "stolen_phone"
SIZES = range(6, 14)
HURRIED = 0.55  # the others spread it over an evening
STAYS_PUT = 0.6  # the others let friends call from all over the city
REFUSED = 0.03  # the card is the owner's own, so its issuer suspects little


def stolen_phone(world: World, rng: Random, victim: Rider, pay_at_ms: int) -> Story:
    payer = Payer(
        user_id=victim.user_id,
        device_id=world.belongings.device_of(victim),
        card_id=world.belongings.cards_of(victim)[0],
    )
    base, stays = near(victim.home, rng), rng.random() < STAYS_PUT
    hurried, thief, earliest_ms = rng.random() < HURRIED, Adaptation(rng), pay_at_ms - 30_000
    for _ in range(rng.choice(SIZES)):
        part = child(rng)
        pickup = near(base, part) if stays else popular_zone(part)
        price = victim.price_level * part.uniform(0.85, 1.3) * thief.price
        trip = plan_trip(world.city, part, pickup, popular_zone(part), price)
        truth = Truth(fraud=NAME, refused=REFUSED)
        settled = yield from ride(
            world, part, payer=payer, trip=trip, pay_at_ms=pay_at_ms, earliest_ms=earliest_ms, truth=truth
        )
        if thief.lost(settled):
            return
        pay_at_ms, earliest_ms = settled.at_ms + thief.pause_ms(part, hurried=hurried), settled.at_ms
        payer, base = (yield from thief.device(world, payer, earliest_ms)), thief.zone(base)

"""Looks like card testing and promo farms: rider after rider, card after card on one device. Is a front desk.

A hotel or a clinic calls cars for its guests on a tablet; some open an account there and then.
"""

from random import Random

from data_generator.acts import Publish, Story, child
from data_generator.city import Zone, popular_zone
from data_generator.clock import hour_of, seconds
from data_generator.habits import surge
from data_generator.honest.newcomer import FIRST_CARD
from data_generator.identity import token
from data_generator.people import Payer, account_created, card_added, logged_in
from data_generator.population import Rider, draw_country, somebody
from data_generator.promotions import SELDOM_SHARE, WELCOME_SHARE
from data_generator.rides import ride
from data_generator.trips import plan_trip
from data_generator.world import World

RIDERS_A_DESK = 120
NEW_HERE = 0.5


def front_desk(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    """Two to seven guests who leave within the hour; `rider` is at the desk, and only picks which it is."""
    number = rider.index // RIDERS_A_DESK
    device_id = token("dev", world.city.seed, "desk", number)
    house = popular_zone(Random(f"{world.city.seed}/desk/{number}"))
    for _ in range(rng.choice((2, 2, 3, 3, 4, 5, 7))):
        part = child(rng)
        known_ms = pay_at_ms - seconds(part, 32, 70)
        payer, came = _guest(world, part, device_id, house, known_ms)
        yield came
        yield card_added(world, payer, bin_country=draw_country(part), at_ms=known_ms + seconds(part, 4, 12))
        price = surge(hour_of(pay_at_ms), part) * part.uniform(0.8, 1.3)
        trip = plan_trip(world.city, part, house, popular_zone(part), price)
        settled = yield from ride(
            world,
            part,
            payer=payer,
            trip=trip,
            pay_at_ms=pay_at_ms,
            earliest_ms=known_ms + 12_000,
            truth=FIRST_CARD,
        )
        pay_at_ms = settled.at_ms + seconds(part, 75, 900)


def _guest(world: World, rng: Random, device_id: str, house: Zone, at_ms: int) -> tuple[Payer, Publish]:
    """A guest with a card that the app does not know, and how they come to ride from this device."""
    if rng.random() >= NEW_HERE:
        known = somebody(world.city, rng)
        payer = Payer(user_id=known.user_id, device_id=device_id, card_id=world.ids.new("card"))
        return payer, logged_in(
            world, user_id=payer.user_id, device_id=device_id, new_device=True, at_ms=at_ms
        )
    share = WELCOME_SHARE if rng.random() < 0.8 else SELDOM_SHARE
    payer = Payer(
        user_id=world.ids.new("usr"), device_id=device_id, card_id=world.ids.new("card"), promo_share=share
    )
    return payer, account_created(
        world,
        user_id=payer.user_id,
        device_id=device_id,
        home=house,
        rating_centi=500,
        at_ms=at_ms,
        created_ms=at_ms,
    )

"""What an analyst sees: account after account, each with a welcome promotion on a short ride or two and then
never seen again, from a handful of devices and on a few cards that are shared. A farm of phones lives on
welcome and referral money; the cards behind it are virtual, and empty when the bill comes.
"""

from random import Random

from data_generator.acts import Story, child
from data_generator.city import Zone, near, popular_zone
from data_generator.clock import seconds
from data_generator.fraud.adaptation import Adaptation
from data_generator.fraud.thief import stolen_card_country
from data_generator.outcomes import EMPTY_CARD_REASON
from data_generator.payments import Truth
from data_generator.people import Payer, account_created, card_added
from data_generator.rides import ride
from data_generator.trips import plan_trip
from data_generator.world import World

NAME = "promo_farm"
SIZES = range(5, 13)
PHONES = (2, 3, 3, 4, 5)
PROMO_SHARE = 0.75
RIDES_ON = 0.3  # with the account of the last ride
SAME_CARD = 0.4  # on a new account, the card of the last
TRUTH = Truth(fraud=NAME, refused=0.06, reason=EMPTY_CARD_REASON)


def promo_farm(world: World, rng: Random, pay_at_ms: int) -> Story:
    phones = [world.ids.new("dev") for _ in range(rng.choice(PHONES))]
    base, hurried, thief = popular_zone(rng), rng.random() < 0.3, Adaptation(rng)
    payer: Payer | None = None
    earliest_ms = pay_at_ms - seconds(rng, 55, 78)
    for _ in range(rng.choice(SIZES)):
        part = child(rng)
        if payer is None or part.random() >= RIDES_ON:
            kept = payer.card_id if payer and part.random() < SAME_CARD else None
            payer = _next_payer(world, part, phones, kept)
            yield from _joined(world, part, payer, base, (earliest_ms, pay_at_ms))
            earliest_ms += (pay_at_ms - earliest_ms) // 2
        pickup = near(base, part)
        trip = plan_trip(world.city, part, pickup, near(pickup, part), part.uniform(0.8, 1.1) * thief.price)
        settled = yield from ride(
            world, part, payer=payer, trip=trip, pay_at_ms=pay_at_ms, earliest_ms=earliest_ms, truth=TRUTH
        )
        if thief.lost(settled):
            return
        pay_at_ms, earliest_ms = settled.at_ms + thief.pause_ms(part, hurried=hurried), settled.at_ms
        payer, base = (yield from thief.device(world, payer, earliest_ms)), thief.zone(base)
        if payer.device_id not in phones:
            phones = [payer.device_id]


def _next_payer(world: World, rng: Random, phones: list[str], kept_card: str | None) -> Payer:
    return Payer(
        user_id=world.ids.new("usr"),
        device_id=rng.choice(phones),
        card_id=kept_card or world.ids.new("card"),
        promo_share=PROMO_SHARE,
    )


def _joined(world: World, rng: Random, payer: Payer, home: Zone, between: tuple[int, int]) -> Story:
    """The account is opened and its card added in the first half of the time up to its first ride."""
    begin_ms, pay_at_ms = between
    created_ms, added_ms = (
        begin_ms + int((pay_at_ms - begin_ms) * rng.uniform(*part)) for part in ((0.02, 0.2), (0.25, 0.45))
    )
    yield account_created(
        world,
        user_id=payer.user_id,
        device_id=payer.device_id,
        home=home,
        rating_centi=500,
        at_ms=created_ms,
        created_ms=created_ms,
    )
    yield card_added(world, payer, bin_country=stolen_card_country(rng), at_ms=added_ms)

"""The ride that nearly every payment belongs to: a usual way at a usual hour, and what goes wrong in it."""

from dataclasses import replace
from random import Random

from data_generator.acts import Story, child
from data_generator.city import Zone, near, popular_zone
from data_generator.clock import hour_of, seconds
from data_generator.habits import surge, usual_trip
from data_generator.payments import Ending, Settling
from data_generator.people import Payer, card_added
from data_generator.population import Rider
from data_generator.rides import abandoned_ride, ride
from data_generator.trips import LEAST_MINOR, Trip, plan_trip
from data_generator.world import World

ABANDONED = 0.06
FAMILY_CARD = 0.5
SECOND_CARD = 0.15
TRIES_AGAIN = 0.55
CHANGES_MIND = 0.025  # about the destination, after the fare was foretold
KNOWS_A_DRIVER_EVERY, CALLS_THAT_DRIVER = 12, 0.7  # riders; a share of their rides
ADDS_A_CARD = 0.3  # instead of trying a card the app knows already


def regular(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    payer, trip = usual_payer(world, rng, rider), usual_way(world, rng, rider, pay_at_ms)
    if rng.random() < ABANDONED:
        yield from abandoned_ride(world, rng, payer=payer, trip=trip, end_at_ms=pay_at_ms)
        return
    yield from honest_ride(world, rng, rider, payer=payer, trip=trip, pay_at_ms=pay_at_ms)


def honest_ride(
    world: World,
    rng: Random,
    rider: Rider,
    *,
    payer: Payer,
    trip: Trip,
    pay_at_ms: int,
    earliest_ms: int = 0,
) -> Settling:
    """A ride; whoever is turned away may try once more, with another card if there is one."""
    first, again = child(rng), child(rng)
    settled = yield from ride(
        world,
        first,
        payer=payer,
        trip=trip,
        pay_at_ms=pay_at_ms,
        earliest_ms=earliest_ms,
        quoted=_asked_for(world, child(rng), trip),
    )
    if settled.ending in (Ending.PAID, Ending.UNANSWERED) or again.random() >= TRIES_AGAIN:
        return settled
    pay_at_ms, earliest_ms = settled.at_ms + seconds(again, 12, 75), settled.at_ms + 4_000
    card_id = _another_card(world, again, rider, payer)
    if card_id is None:
        payer = replace(payer, card_id=world.ids.new("card"))
        yield card_added(world, payer, bin_country=rider.bin_country, at_ms=earliest_ms)
    else:
        payer = replace(payer, card_id=card_id)
    return (
        yield from ride(world, again, payer=payer, trip=trip, pay_at_ms=pay_at_ms, earliest_ms=earliest_ms)
    )


def _asked_for(world: World, rng: Random, trip: Trip) -> Trip | None:
    """Where the rider first wanted to go, when they change their mind before a driver accepts."""
    if rng.random() >= CHANGES_MIND:
        return None
    elsewhere = near(trip.dropoff, rng) if rng.random() < 0.5 else popular_zone(rng)
    asked = plan_trip(world.city, rng, trip.pickup, elsewhere)
    usual = plan_trip(world.city, rng, trip.pickup, trip.dropoff)
    share = asked.fare_minor / usual.fare_minor
    return replace(
        trip,
        dropoff=elsewhere,
        distance_m=asked.distance_m,
        fare_minor=max(LEAST_MINOR, int(trip.fare_minor * share)),
    )


def _another_card(world: World, rng: Random, rider: Rider, payer: Payer) -> str | None:
    """A card that the app knows already, the same one included; None for one never used here."""
    if rng.random() < ADDS_A_CARD:
        return None
    others = [card for card in world.belongings.cards_of(rider) if card != payer.card_id]
    return rng.choice(others) if others and rng.random() < 0.7 else payer.card_id


def usual_payer(world: World, rng: Random, rider: Rider) -> Payer:
    cards = world.belongings.cards_of(rider)
    card_id = cards[-1] if rng.random() < SECOND_CARD else cards[0]
    if rider.family and rng.random() < FAMILY_CARD:
        card_id = family_card(world, rider)
    return Payer(user_id=rider.user_id, device_id=world.belongings.device_of(rider), card_id=card_id)


def family_card(world: World, rider: Rider) -> str:
    """The card that a family rides on belongs to its first member."""
    return world.belongings.cards_of(world.city.rider(rider.family[0]))[0]


def usual_way(world: World, rng: Random, rider: Rider, at_ms: int) -> Trip:
    hour = hour_of(at_ms)
    trip = way(world, rng, rider, usual_trip(rider, hour, rng), surge(hour, rng))
    if rider.index % KNOWS_A_DRIVER_EVERY == 0 and rng.random() < CALLS_THAT_DRIVER:
        return replace(trip, driver_id=known_driver(world, rider))
    return trip


def known_driver(world: World, rider: Rider) -> str:
    """The driver whom this rider calls again and again."""
    return world.city.driver_near(rider.home, Random(f"{world.city.seed}/driver of {rider.index}"))


def way(world: World, rng: Random, rider: Rider, zones: tuple[Zone, Zone], price: float = 1.0) -> Trip:
    """A trip in the class of car this rider takes, or now and then a better one."""
    treat = rng.uniform(1.5, 2.4) if rng.random() < 0.05 else 1.0
    return plan_trip(world.city, rng, *zones, price * treat * rider.price_level)

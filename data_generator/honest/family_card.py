"""Looks like card testing: one card, several riders and devices within minutes. Is a family going home."""

from dataclasses import dataclass
from random import Random

from data_generator.acts import Spawn, Story, child
from data_generator.city import Zone, near
from data_generator.clock import hour_of, seconds
from data_generator.habits import surge
from data_generator.honest.regular import family_card, honest_ride, way
from data_generator.people import Payer
from data_generator.population import Rider, family_head
from data_generator.world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outing:
    world: World
    place: Zone
    price: float


def family_outing(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    """The rider and one or two of the family, each in a car of their own, all on the shared card."""
    head = world.city.rider(family_head(rider.index))
    family = head.family or (rider.index,)
    riding = rng.sample(family, k=min(len(family), rng.choice((2, 2, 3))))
    outing = _Outing(world=world, place=rng.choice(head.haunts), price=surge(hour_of(pay_at_ms), rng))
    for index in riding:
        yield Spawn(_member(outing, child(rng), world.city.rider(index), pay_at_ms))
        pay_at_ms += seconds(rng, 15, 240)


def _member(outing: _Outing, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    world = outing.world
    payer = Payer(
        user_id=rider.user_id,
        device_id=world.belongings.device_of(rider),
        card_id=family_card(world, rider) if rider.family else world.belongings.cards_of(rider)[0],
    )
    trip = way(world, rng, rider, (outing.place, near(rider.home, rng)), outing.price)
    yield from honest_ride(world, rng, rider, payer=payer, trip=trip, pay_at_ms=pay_at_ms)

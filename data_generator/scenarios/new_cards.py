"""A bank reissues its cards: riders whom everybody knows all pay with cards that nobody has seen."""

from dataclasses import replace
from random import Random

from data_generator.acts import Story, child
from data_generator.clock import seconds
from data_generator.mix import LEAD_MS, Kind
from data_generator.people import Payer, card_added, card_removed
from data_generator.population import Rider
from data_generator.scenarios.strangers import first_ride_waits_ms
from data_generator.world import World


class Reissue:
    """Each rider adds a new card before the first story, and rides on with it afterwards."""

    def __init__(self) -> None:
        self._has_new: set[int] = set()

    def told_by(self, kind: Kind) -> Kind:
        def tell(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
            if rider.index not in self._has_new:
                part = child(rng)
                self._has_new.add(rider.index)
                yield from _replaced(world, part, rider, pay_at_ms - LEAD_MS)
                pay_at_ms += first_ride_waits_ms(part)
            # The family's shared card is its head's, which may not have been replaced yet.
            yield from kind.tell(world, rng, replace(rider, family=()), pay_at_ms)

        return replace(kind, tell=tell)


def _replaced(world: World, rng: Random, rider: Rider, at_ms: int) -> Story:
    card_id, removed = world.belongings.new_card(rider)
    payer = Payer(user_id=rider.user_id, device_id=world.belongings.device_of(rider), card_id=card_id)
    yield card_added(world, payer, bin_country=rider.bin_country, at_ms=at_ms)
    if removed:
        at_ms += seconds(rng, 0.2, 0.9)
        yield card_removed(world, user_id=rider.user_id, card_id=removed, at_ms=at_ms)

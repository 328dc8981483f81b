"""People nobody knows yet: accounts of whom the first word comes a minute or more before their first ride."""

from dataclasses import replace
from itertools import count
from random import Random

from data_generator.acts import Story, child
from data_generator.clock import minutes, seconds
from data_generator.habits import Schedule
from data_generator.mix import LEAD_MS, Kind
from data_generator.people import Payer, account_created, card_added
from data_generator.population import City, Rider
from data_generator.world import World
from domain.display import HOUR_MS

AT_ONCE = 0.4  # of them ride as soon as they have joined
THINKING_MINUTES = (1.0, 30.0)
FRESH_MS = 2 * HOUR_MS


def strangers(city: City, first: int, number: int, schedule: Schedule | None = None) -> list[Rider]:
    """So many riders with indices from `first` on, without family; all with `schedule` if one is given."""
    found: list[Rider] = []
    for index in count(first):
        if len(found) == number:
            return found
        rider = city.rider(index)
        if not rider.dormant:
            found.append(replace(rider, family=(), schedule=schedule or rider.schedule))
    raise AssertionError("the indices have no end")


class Joining:
    """Tells of each stranger's account and cards before the first story; ids are new in every run."""

    def __init__(self, *, old_accounts: float = 0.0, at_once: float = AT_ONCE) -> None:
        """The shares whose accounts are older than the first word of them, and who ride as it comes."""
        self._old_accounts = old_accounts
        self._at_once = at_once
        self._joined: dict[int, Rider] = {}

    def told_by(self, kind: Kind) -> Kind:
        def tell(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
            known = self._joined.get(rider.index)
            if known is None:
                part = child(rng)
                known = self._joined[rider.index] = _named(world, rider)
                yield from self._accounts(world, part, known, pay_at_ms - LEAD_MS)
                pay_at_ms += first_ride_waits_ms(part, self._at_once)
            yield from kind.tell(world, rng, known, pay_at_ms)

        return replace(kind, tell=tell)

    def _accounts(self, world: World, rng: Random, rider: Rider, at_ms: int) -> Story:
        old = rng.random() < self._old_accounts
        yield account_created(
            world,
            user_id=rider.user_id,
            device_id=rider.device_id,
            home=rider.home,
            rating_centi=rider.rating_centi if old else 500,
            at_ms=at_ms,
            created_ms=at_ms - (rider.account_age_ms if old else rng.randrange(FRESH_MS)),
        )
        for card_id in rider.card_ids:
            at_ms += seconds(rng, 0.2, 0.9)
            payer = Payer(user_id=rider.user_id, device_id=rider.device_id, card_id=card_id)
            yield card_added(world, payer, bin_country=rider.bin_country, at_ms=at_ms)


def first_ride_waits_ms(rng: Random, at_once: float = AT_ONCE) -> int:
    """How much later than planned somebody rides who first had to join or to add a card."""
    return 0 if rng.random() < at_once else minutes(rng, *THINKING_MINUTES)


def _named(world: World, rider: Rider) -> Rider:
    new = world.ids.new
    return replace(
        rider, user_id=new("usr"), device_id=new("dev"), card_ids=tuple(new("card") for _ in rider.card_ids)
    )

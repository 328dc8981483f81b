"""What thieves share: where their accounts and cards come from, their haste, and when they give up."""

from random import Random

from data_generator.acts import Publish
from data_generator.city import popular_zone
from data_generator.clock import seconds
from data_generator.payments import Ending, Settled
from data_generator.people import account_created, logged_in
from data_generator.population import FOREIGN_COUNTRIES, HOME_COUNTRY
from data_generator.world import World

BOUGHT = 0.5  # the other accounts are opened for the purpose
HURRIED, UNHURRIED = (2.0, 90.0), (60.0, 900.0)  # seconds between two rides


class Patience:
    """A thief leaves after two to four payments that were stopped."""

    def __init__(self, rng: Random) -> None:
        self._left = rng.randint(2, 4)

    def lost(self, settled: Settled) -> bool:
        if settled.ending in (Ending.BLOCKED, Ending.UNANSWERED):
            self._left -= 1
        return self._left <= 0


def get_account(world: World, rng: Random, *, device_id: str, at_ms: int) -> tuple[str, Publish]:
    """The user id of an account that a thief may use, and how it became one."""
    bought = next(world.for_sale, None) if rng.random() < BOUGHT else None
    if bought is None:
        return _opened(world, rng, device_id, at_ms)
    user_id = bought.user_id
    return user_id, logged_in(world, user_id=user_id, device_id=device_id, new_device=True, at_ms=at_ms)


def _opened(world: World, rng: Random, device_id: str, at_ms: int) -> tuple[str, Publish]:
    """An account made for the purpose, which looks like any newcomer's."""
    user_id = world.ids.new("usr")
    return user_id, account_created(
        world,
        user_id=user_id,
        device_id=device_id,
        home=popular_zone(rng),
        rating_centi=500,
        at_ms=at_ms,
        created_ms=at_ms,
    )


def stolen_card_country(rng: Random) -> str:
    return HOME_COUNTRY if rng.random() < 0.6 else rng.choice(FOREIGN_COUNTRIES)


def issuer_refuses(rng: Random) -> float:
    """How often the issuers of these cards say no: they know of some thefts before we do."""
    return rng.uniform(0.15, 0.4)


def pause_ms(rng: Random, *, hurried: bool) -> int:
    """Until the next payment: mostly seconds, lognormal around six; the careful wait for minutes."""
    if not hurried:
        return seconds(rng, *UNHURRIED)
    shortest, longest = HURRIED
    return int(min(longest, max(shortest, rng.lognormvariate(1.8, 0.8))) * 1000)

"""What thieves share: where their accounts and cards come from."""

from random import Random

from data_generator.acts import Publish
from data_generator.city import popular_zone
from data_generator.people import account_created, logged_in
from data_generator.population import FOREIGN_COUNTRIES, HOME_COUNTRY
from data_generator.world import World

BOUGHT = 0.5  # the other accounts are opened for the purpose


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

"""Which stories make up the city's life, how often each is told, and how many payments it brings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from data_generator.acts import Story
from data_generator.fraud.account_takeover import account_takeover
from data_generator.fraud.card_testing import card_testing
from data_generator.fraud.stolen_card_burst import hurried_burst, stolen_card_burst
from data_generator.fraud.stolen_phone import stolen_phone
from data_generator.honest.family_card import family_outing
from data_generator.honest.host import host
from data_generator.honest.moved_house import moved_house
from data_generator.honest.new_card import new_card
from data_generator.honest.new_phone import new_phone
from data_generator.honest.newcomer import newcomer
from data_generator.honest.night_out import night_out
from data_generator.honest.regular import regular
from data_generator.honest.traveller import traveller
from data_generator.population import Rider
from data_generator.world import World

FRAUD_SHARE = 0.016
LEAD_MS = 80_000  # no story begins longer than this before its first payment


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """`share` is among the honest stories, or among the attacks.

    `payments` is the mean number a story brings under the old rules, `soon` how many of them come
    within a few minutes.
    """

    name: str
    share: float
    payments: float
    soon: float
    tell: Callable[[World, Random, Rider, int], Story]
    at_night: bool = False


def _anyone(attack: Callable[[World, Random, int], Story]) -> Callable[[World, Random, Rider, int], Story]:
    return lambda world, rng, _rider, pay_at_ms: attack(world, rng, pay_at_ms)


HONEST = (
    Kind(name="regular", share=0.89, payments=0.945, soon=0.945, tell=regular),
    Kind(name="traveller", share=0.02, payments=2.01, soon=1.01, tell=traveller),
    Kind(name="new_phone", share=0.014, payments=1.69, soon=1.05, tell=new_phone),
    Kind(name="new_card", share=0.016, payments=1.01, soon=1.01, tell=new_card),
    Kind(name="family_outing", share=0.015, payments=2.35, soon=2.1, tell=family_outing),
    Kind(name="night_out", share=0.014, payments=2.96, soon=2.6, tell=night_out, at_night=True),
    Kind(name="host", share=0.007, payments=4.12, soon=3.0, tell=host),
    Kind(name="newcomer", share=0.016, payments=1.97, soon=1.1, tell=newcomer),
    Kind(name="moved_house", share=0.008, payments=1.01, soon=1.01, tell=moved_house),
)
ATTACKS = (
    Kind(name="stolen_card_burst", share=0.3, payments=7.1, soon=5.6, tell=_anyone(stolen_card_burst)),
    Kind(name="card_testing", share=0.2, payments=8.45, soon=7.2, tell=_anyone(card_testing)),
    Kind(name="account_takeover", share=0.3, payments=3.45, soon=2.8, tell=account_takeover),
    Kind(name="stolen_phone", share=0.2, payments=10.5, soon=10.5, tell=stolen_phone),
)


FIRST_ATTACK = replace(ATTACKS[0], tell=_anyone(hurried_burst))


def payments_a_story(kinds: tuple[Kind, ...]) -> float:
    return sum(kind.share * kind.payments for kind in kinds)


def payments_soon(kinds: tuple[Kind, ...]) -> float:
    return sum(kind.share * kind.soon for kind in kinds)


def draw_kind(kinds: tuple[Kind, ...], rng: Random) -> Kind:
    return rng.choices(kinds, [kind.share for kind in kinds])[0]

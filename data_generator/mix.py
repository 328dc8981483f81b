"""Which stories make up the city's life, how often each is told, and how many payments it brings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from data_generator.acts import Story
from data_generator.fraud.account_takeover import account_takeover
from data_generator.fraud.card_testing import card_testing
from data_generator.fraud.friendly_fraud import friendly_fraud
from data_generator.fraud.ghost_trips import ghost_trips
from data_generator.fraud.gps_spoofing import gps_spoofing
from data_generator.fraud.promo_farm import promo_farm
from data_generator.fraud.stolen_card_burst import hurried_burst, stolen_card_burst
from data_generator.fraud.stolen_phone import stolen_phone
from data_generator.fraud.synthetic_account import synthetic_account
from data_generator.honest.errands import errands
from data_generator.honest.family_card import family_outing
from data_generator.honest.front_desk import front_desk
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
from domain.errors import FaregateError

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
    usual_hours: bool = False  # an attack at the hours its rider rides anyway


def _anyone(attack: Callable[[World, Random, int], Story]) -> Callable[[World, Random, Rider, int], Story]:
    return lambda world, rng, _rider, pay_at_ms: attack(world, rng, pay_at_ms)


HONEST = (
    Kind(name="regular", share=0.862, payments=0.945, soon=0.945, tell=regular),
    Kind(name="traveller", share=0.02, payments=2.01, soon=1.01, tell=traveller),
    Kind(name="new_phone", share=0.014, payments=1.69, soon=1.05, tell=new_phone),
    Kind(name="new_card", share=0.016, payments=1.01, soon=1.01, tell=new_card),
    Kind(name="family_outing", share=0.015, payments=2.35, soon=2.1, tell=family_outing),
    Kind(name="night_out", share=0.014, payments=2.96, soon=2.6, tell=night_out, at_night=True),
    Kind(name="host", share=0.011, payments=4.12, soon=3.0, tell=host),
    Kind(name="newcomer", share=0.016, payments=1.97, soon=1.1, tell=newcomer),
    Kind(name="moved_house", share=0.008, payments=1.01, soon=1.01, tell=moved_house),
    Kind(name="errands", share=0.012, payments=3.9, soon=1.0, tell=errands),
    Kind(name="front_desk", share=0.012, payments=3.7, soon=1.4, tell=front_desk),
)
ATTACKS = (
    Kind(name="stolen_card_burst", share=0.2, payments=6.8, soon=4.2, tell=_anyone(stolen_card_burst)),
    Kind(name="card_testing", share=0.08, payments=8.4, soon=5.1, tell=_anyone(card_testing)),
    Kind(name="account_takeover", share=0.19, payments=3.45, soon=2.45, tell=account_takeover),
    Kind(name="stolen_phone", share=0.06, payments=8.9, soon=5.3, tell=stolen_phone),
    Kind(name="ghost_trips", share=0.09, payments=6.5, soon=1.0, tell=ghost_trips, usual_hours=True),
    Kind(name="promo_farm", share=0.06, payments=8.7, soon=3.3, tell=_anyone(promo_farm)),
    Kind(name="gps_spoofing", share=0.13, payments=4.9, soon=1.1, tell=gps_spoofing, usual_hours=True),
    Kind(name="synthetic_account", share=0.05, payments=7.0, soon=3.4, tell=synthetic_account),
    Kind(name="friendly_fraud", share=0.14, payments=1.0, soon=1.0, tell=friendly_fraud, usual_hours=True),
)


FIRST_ATTACK = replace(ATTACKS[0], tell=_anyone(hurried_burst))


class AttackUnknown(FaregateError):
    """An attack was named that the simulator does not know."""


def attack_named(name: str) -> Kind:
    """The attack of that name; raises AttackUnknown, which names those there are."""
    for attack in ATTACKS:
        if attack.name == name:
            return attack
    known = ", ".join(sorted(attack.name for attack in ATTACKS))
    raise AttackUnknown(f"There is no attack named {name!r}. Name one of: {known}.")


def payments_a_story(kinds: tuple[Kind, ...]) -> float:
    return sum(kind.share * kind.payments for kind in kinds)


def payments_soon(kinds: tuple[Kind, ...]) -> float:
    return sum(kind.share * kind.soon for kind in kinds)


def draw_kind(kinds: tuple[Kind, ...], rng: Random) -> Kind:
    return rng.choices(kinds, [kind.share for kind in kinds])[0]

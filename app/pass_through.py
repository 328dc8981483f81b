"""A few payments that would be stopped go through all the same: without them nobody would ever learn what
becomes of such payments, and each model would only hear of what its forerunner let pass.

Drawn by a keyed hash of card and day: a retry, or the same card an hour later, changes nothing.
"""

from array import array
from collections.abc import Callable
from hashlib import sha256
from hmac import new as hmac
from math import inf

from msgspec import Struct

from domain.catalogue import FEATURE_NAMES
from domain.decision import Verdict
from domain.display import DAY_MS
from domain.model_key import derived
from domain.rules import ListHit

DAY_AMOUNT = FEATURE_NAMES.index("card_amount_24h")
PURPOSE = "pass-through"


class Chance(Struct, frozen=True, kw_only=True):
    """What the lottery says of a card on a day; it risks `most_minor` a card and day."""

    propensity: float
    drawn: bool
    most_minor: float = inf


class PassedThrough(Struct, frozen=True, kw_only=True):
    """Of a payment that could have been let through: whether it was, and how likely that had been."""

    instead_of: Verdict
    propensity: float
    drawn: bool


Lottery = Callable[[str, int], Chance | None]


def no_lottery(_card_id: str, _as_of_ms: int) -> Chance | None:
    return None


def lottery(key: bytes, propensity: float, most_minor: int) -> Lottery:
    """Of a card id and an instant in milliseconds."""
    drawn_with = derived(key, PURPOSE)

    def chance(card_id: str, as_of_ms: int) -> Chance:
        ticket = hmac(drawn_with, f"{card_id}/{as_of_ms // DAY_MS}".encode(), sha256).digest()
        drawn = int.from_bytes(ticket[:8]) < propensity * 2**64
        return Chance(propensity=propensity, drawn=drawn, most_minor=most_minor)

    return chance


def pass_through(
    verdict: Verdict, chance: Chance | None, entry: ListHit | None, vector: "array[float] | None"
) -> PassedThrough | None:
    """None for a payment that has no chance: nobody asks for what lists say, and without a vector nothing
    could be learned of it."""
    if chance is None or not verdict.stops_payment or entry is not None or vector is None:
        return None
    if not vector[DAY_AMOUNT] <= chance.most_minor:  # not a number where the card is unknown
        return None
    return PassedThrough(instead_of=verdict, propensity=chance.propensity, drawn=chance.drawn)

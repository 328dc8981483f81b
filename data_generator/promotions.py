"""Promotions: a welcome for newcomers, now and then something for the others.

Drawn from the payment's own id, so that they shift no other draw.
"""

from random import Random

WELCOME_SHARE = 0.45  # of newcomers' first rides
SELDOM_SHARE = 0.02
GREEDY_SHARE = 0.15  # a thief's new account is welcome too
PROMOTIONS = ("promo_welcome", "promo_rainyday", "promo_weekend", "promo_airport")
_WEIGHTS_OF_OTHERS = (0, 3, 4, 1)


def promotion(transaction_id: str, share: float) -> str | None:
    """The promotion that this payment uses; `share` of such payments use one."""
    rng = Random(f"{transaction_id}/promotion")
    if rng.random() >= share:
        return None
    if share > SELDOM_SHARE:
        return PROMOTIONS[0]
    return rng.choices(PROMOTIONS, _WEIGHTS_OF_OTHERS)[0]

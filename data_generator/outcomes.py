"""What becomes of a payment: refused by the issuer, captured, refunded, disputed weeks later."""

import math
from random import Random

from domain.display import DAY_MS
from domain.labels import MATURITY_DAYS

CHARGEBACK_MEDIAN_DAYS = 12.0
CHARGEBACK_SIGMA = 0.7
CHARGEBACK_DAYS = (1.0, 90.0)  # nothing is disputed sooner, and disputes are not taken later

HONEST_REFUSED = 0.015
HONEST_REFUNDED = 0.012
HONEST_DISPUTED = 0.001
HONEST_PASSES_CHALLENGE = 0.93
THIEF_PASSES_CHALLENGE = 0.06

FRAUD_REASON = "fraud_card_absent"
DISPUTE_REASON = "service_not_provided"
NOT_RECOGNISED_REASON = "charge_not_recognised"  # what a rider says who did take the ride
FARE_REASON = "fare_not_as_quoted"
EMPTY_CARD_REASON = "card_empty_or_closed"
_REFUSALS = ("do_not_honour", "insufficient_funds", "expired_card", "issuer_unavailable")


def chargeback_delay_ms(rng: Random, time_scale: float) -> int:
    """From capture to chargeback: lognormal days within limits, divided by the time scale."""
    days = rng.lognormvariate(math.log(CHARGEBACK_MEDIAN_DAYS), CHARGEBACK_SIGMA)
    shortest, longest = CHARGEBACK_DAYS
    return int(min(longest, max(shortest, days)) * DAY_MS / time_scale)


def maturity_ms(time_scale: float) -> int:
    """A payment older than this without a chargeback counts as honest."""
    return int(MATURITY_DAYS * DAY_MS / time_scale)


def passes_challenge(rng: Random, *, fraud: bool) -> bool:
    return rng.random() < (THIEF_PASSES_CHALLENGE if fraud else HONEST_PASSES_CHALLENGE)


def refusal_reason(rng: Random) -> str:
    return rng.choices(_REFUSALS, (5, 3, 1, 1))[0]

"""From histories to the numbers a model reads, pure and deterministic; no feature is computed elsewhere."""

from array import array
from math import nan

from domain.catalogue import FEATURES
from domain.decision import Rung, Verdict
from domain.events import PaymentDecided, from_ms
from domain.history import History, fold
from domain.moment import Moment
from domain.profile import Profile
from domain.transaction import Transaction


def observe(
    *,
    card: History | None,
    user: History | None,
    profile: Profile | None,
    transaction: Transaction,
    as_of_ms: int,
) -> Moment:
    """The instant of `transaction`, which counts in the velocity of its card and user exactly once."""
    attempt = as_attempt(transaction, as_of_ms)
    return Moment(
        transaction=transaction,
        as_of_ms=as_of_ms,
        card_before=card,
        user_before=user,
        card=card and fold("card", card, attempt, as_of_ms),
        user=user and fold("user", user, attempt, as_of_ms),
        profile=profile,
    )


def vector(moment: Moment) -> "array[float]":
    """The float32 features of a moment in catalogue order; NaN where an entity is unknown."""
    known = {
        "transaction": True,
        "card": moment.card is not None,
        "user": moment.user is not None,
        "profile": moment.profile is not None,
    }
    return array("f", [f.compute(moment) if known[f.entity] else nan for f in FEATURES])


def as_attempt(transaction: Transaction, as_of_ms: int) -> PaymentDecided:
    """The transaction as the event it will be, before its verdict is known."""
    return PaymentDecided(
        id=transaction.transaction_id,
        event_time=from_ms(as_of_ms),
        producer="vector",
        decision_id="undecided",
        transaction_id=transaction.transaction_id,
        ride_id=transaction.ride_id,
        user_id=transaction.user_id,
        card_id=transaction.card_id,
        device_id=transaction.device_id,
        driver_id=transaction.driver_id,
        amount_minor=transaction.amount_minor,
        currency=transaction.currency,
        pickup_zone=transaction.pickup_zone,
        dropoff_zone=transaction.dropoff_zone,
        pickup_lat=transaction.pickup_lat,
        pickup_lon=transaction.pickup_lon,
        distance_m=transaction.distance_m,
        verdict=Verdict.APPROVE,
        rung=Rung.R0,
    )

"""From histories to the numbers a model reads, pure and deterministic; no feature is computed elsewhere."""

from array import array
from collections.abc import Sequence

from domain.catalogue import FEATURES
from domain.decision import Rung, Verdict
from domain.events import PaymentDecided, from_ms
from domain.fold import fold
from domain.history import History, HistoryKind
from domain.moment import Moment
from domain.platform import Pulse
from domain.profile import Profile
from domain.ring import Ring
from domain.transaction import Transaction

_COMPUTED = tuple((feature.entity, feature.compute, feature.missing) for feature in FEATURES)


def observe(
    *,
    transaction: Transaction,
    as_of_ms: int,
    card: History | None = None,
    user: History | None = None,
    device: History | None = None,
    zone: History | None = None,
    pulse: Pulse | None = None,
    profile: Profile | None = None,
    ring: Ring | None = None,
    in_flight: Sequence[PaymentDecided] = (),
) -> Moment:
    """The instant of `transaction`, which counts in the velocity of its card, user and device exactly once.

    `in_flight` are payments that the stream may not have told yet; those it has told change nothing.
    """
    attempt = as_attempt(transaction, as_of_ms)
    in_flight = [payment for payment in in_flight if payment.id != transaction.transaction_id]
    card = _with_in_flight("card", card, in_flight, "card_id", transaction.card_id)
    user = _with_in_flight("user", user, in_flight, "user_id", transaction.user_id)
    device = _with_in_flight("device", device, in_flight, "device_id", transaction.device_id)
    return Moment(
        transaction=transaction,
        as_of_ms=as_of_ms,
        card_before=card,
        user_before=user,
        device_before=device,
        card=card and fold("card", card, attempt, as_of_ms),
        user=user and fold("user", user, attempt, as_of_ms),
        device=device and fold("device", device, attempt, as_of_ms),
        zone=zone,
        pulse=pulse,
        profile=profile,
        ring=ring,
    )


def _with_in_flight(
    kind: HistoryKind, history: History | None, in_flight: Sequence[PaymentDecided], field: str, owner: str
) -> History | None:
    for payment in in_flight:
        if getattr(payment, field) == owner:
            history = fold(kind, history, payment, 0)
    return history


def vector(moment: Moment) -> "array[float]":
    """The float32 features of a moment in catalogue order; NaN where an entity is unknown."""
    known = {
        "transaction": True,
        "card": moment.card is not None,
        "user": moment.user is not None,
        "device": moment.device is not None,
        "zone": moment.zone is not None,
        "platform": moment.pulse is not None,
        "profile": moment.profile is not None,
        "ring": moment.ring is not None,
    }
    if all(known.values()):
        return array("f", [compute(moment) for _, compute, _ in _COMPUTED])
    return array("f", [compute(moment) if known[of] else missing for of, compute, missing in _COMPUTED])


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
        promo_id=transaction.promo_id,
    )

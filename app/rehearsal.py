"""A decision about nobody: everything but keeping it, so that readiness means that decisions are answered."""

from app.assessment import by_model, by_request
from app.ports import FeatureReader, Model
from domain.history import History
from domain.money import SETTLEMENT_CURRENCY
from domain.profile import Profile
from domain.transaction import Transaction
from domain.vector import observe


async def rehearse(features: FeatureReader, model: Model | None, now_ms: int) -> None:
    """Reads and assesses; raises FeaturesUnreadable or ModelRefused when a real decision would stumble."""
    transaction = _about_nobody(now_ms)
    await features.read(card_id=transaction.card_id, user_id=transaction.user_id)
    by_request(transaction)
    if model:
        moment = observe(
            card=History(), user=History(), profile=Profile(), transaction=transaction, as_of_ms=now_ms
        )
        by_model(model, moment)


def _about_nobody(now_ms: int) -> Transaction:
    return Transaction(
        transaction_id="txn_rehearsal",
        ride_id="ride_rehearsal",
        user_id="usr_rehearsal",
        card_id="card_rehearsal",
        device_id="dev_rehearsal",
        driver_id="drv_rehearsal",
        amount_minor=1_500,
        currency=SETTLEMENT_CURRENCY,
        pickup_zone="zone_rehearsal",
        dropoff_zone="zone_rehearsal",
        pickup_lat=0.0,
        pickup_lon=0.0,
        distance_m=4_000,
        requested_at_ms=now_ms,
    )

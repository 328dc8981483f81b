"""A decision about nobody: everything but keeping it, so that readiness means that decisions are answered."""

from msgspec import structs

from app.assessment import by_model, by_request
from app.ports import FeatureReader, KnownPulse, Model, StoredFeatures
from app.scoring_thread import score
from app.sight import moment_of
from domain.history import History
from domain.money import SETTLEMENT_CURRENCY
from domain.profile import Profile
from domain.reasons import normals_of
from domain.transaction import Transaction
from domain.vector import as_attempt, vector

_KNOWN = StoredFeatures(card=History(), user=History(), device=History(), zone=History(), profile=Profile())


async def rehearse(
    features: FeatureReader, model: Model | None, pulse: KnownPulse | None, now_ms: int
) -> None:
    """Reads and assesses; raises FeaturesUnreadable or ModelRefused when a real decision would stumble."""
    transaction = _about_nobody(now_ms)
    attempt = as_attempt(transaction, now_ms)
    await features.look(attempt)
    by_request(transaction)
    if model:
        known = structs.replace(_KNOWN, in_flight=(attempt,))
        moment = moment_of(known, pulse, transaction, now_ms)
        values = vector(moment)
        by_model(
            model.thresholds,
            score(model, values),
            values=values,
            normals=normals_of(moment),
            currency=transaction.currency,
        )


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

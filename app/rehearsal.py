"""A decision about nobody: everything but keeping it, so that readiness means that decisions are answered."""

from array import array

from msgspec import structs

from app.assessment import by_model, by_request
from app.ports import FeatureReader, KnownPulse, StoredFeatures
from app.scoring import Scored, Scoring
from app.sight import moment_of
from domain.errors import ModelRefused
from domain.history import History
from domain.money import SETTLEMENT_CURRENCY
from domain.profile import Profile
from domain.reasons import normals_of
from domain.ring import Ring
from domain.transaction import Transaction
from domain.vector import as_attempt, vector

SCORE_S = 1.0  # nobody waits for it: a busy machine is no broken model
_KNOWN = StoredFeatures(
    card=History(), user=History(), device=History(), zone=History(), profile=Profile(), ring=Ring()
)


async def rehearse(
    features: FeatureReader, scoring: Scoring | None, pulse: KnownPulse | None, now_ms: int
) -> None:
    """Reads and assesses; raises FeaturesUnreadable or ModelRefused when a real decision would stumble."""
    transaction = _about_nobody(now_ms)
    attempt = as_attempt(transaction, now_ms)
    await features.look(attempt)
    by_request(transaction)
    if scoring:
        known = structs.replace(_KNOWN, in_flight=(attempt,))
        moment = moment_of(known, pulse, transaction, now_ms)
        values = vector(moment)
        by_model(
            scoring.thresholds,
            await _scored(scoring, values),
            values=values,
            normals=normals_of(moment),
            currency=transaction.currency,
        )


async def _scored(scoring: Scoring, values: "array[float]") -> Scored:
    try:
        return await scoring.score(values, SCORE_S)
    except TimeoutError:
        raise ModelRefused(f"the scorer did not answer within {SCORE_S:.0f} s") from None


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

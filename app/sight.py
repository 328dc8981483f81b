"""What stands behind a decision: the histories, how fresh they are, the vector made of them and its score."""

import logging
from array import array
from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from app.breaker import Breaker
from app.deadline import Deadline
from app.ladder import (
    HISTORIES_LATE,
    HISTORIES_UNREADABLE,
    SCORER_FAILED,
    SCORER_LATE,
    Footing,
    footing,
    without_scorer,
)
from app.ports import FeatureReader, FeaturesUnreadable, KnownPulse, StoredFeatures
from app.sandbox import Forced
from app.scoring import ModelInUse, Scored, Scoring
from app.time_limit import within
from domain.errors import ModelRefused
from domain.events import PaymentDecided
from domain.moment import Moment
from domain.reasons import normals_of
from domain.transaction import Transaction
from domain.vector import observe, vector

log = logging.getLogger("faregate.sight")


class Seen(Struct, frozen=True, kw_only=True):
    """What a decision goes by; `scored` is None where no model scores."""

    on: Footing
    known: StoredFeatures
    reached: bool  # whether the database answered
    pulse: KnownPulse | None = None
    values: "array[float] | None" = None
    normals: dict[str, float] = {}
    scored: Scored | None = None


@dataclass(frozen=True, kw_only=True)
class Sight:
    """`scoring` is None where there is no model; `monotonic` in seconds."""

    features: FeatureReader
    pulse: Callable[[], KnownPulse | None]
    scoring: Scoring | None
    breaker: Breaker
    deadline: Deadline
    monotonic: Callable[[], float]

    @property
    def model(self) -> ModelInUse | None:
        return self.scoring

    async def read(
        self, attempt: PaymentDecided, forced: Forced | None, arrived: float
    ) -> StoredFeatures | str:
        """The histories, or the reason why there are none in time."""
        limit_s = self.deadline.read_s(self.monotonic() - arrived)
        if limit_s <= 0:
            return HISTORIES_LATE
        if not self.breaker.lets_through():
            return HISTORIES_UNREADABLE
        read = self.features.look if forced else self.features.read
        try:
            known = await within(limit_s, read(attempt))
        except TimeoutError:
            self.breaker.failed()
            return HISTORIES_LATE
        except FeaturesUnreadable:
            self.breaker.failed()
            return HISTORIES_UNREADABLE
        self.breaker.worked()
        return known

    async def see(
        self,
        transaction: Transaction,
        as_of_ms: int,
        stored: StoredFeatures | str,
        *,
        forced: Forced | None,
        arrived: float,
    ) -> Seen:
        """How the transaction looks on the highest rung that holds."""
        on = footing(
            features=stored,
            has_model=self.scoring is not None,
            time_left=self.deadline.leaves_time_to_assess(self.monotonic() - arrived),
            as_of_ms=as_of_ms,
        )
        on = _forced(forced, on)
        reached = isinstance(stored, StoredFeatures)
        known = stored if isinstance(stored, StoredFeatures) else StoredFeatures()
        if self.scoring is None or not on.uses_model:
            return Seen(on=on, known=known, reached=reached)
        pulse = self.pulse()
        moment = moment_of(known, pulse, transaction, as_of_ms)
        values = vector(moment)
        try:
            scored = await self.scoring.score(values, self.deadline.score_s(self.monotonic() - arrived))
        except ModelRefused as error:
            log.warning("the scorer failed on %s: %s", transaction.transaction_id, error)
            return Seen(on=without_scorer(on, SCORER_FAILED), known=known, reached=reached)
        except TimeoutError:
            return Seen(on=without_scorer(on, SCORER_LATE), known=known, reached=reached)
        return Seen(
            on=on,
            known=known,
            reached=reached,
            pulse=pulse,
            values=values,
            normals=normals_of(moment),
            scored=scored,
        )


def moment_of(
    known: StoredFeatures, pulse: KnownPulse | None, transaction: Transaction, as_of_ms: int
) -> Moment:
    """What a vector is computed of; a payment in flight that the histories hold already changes nothing."""
    return observe(
        card=known.card,
        user=known.user,
        device=known.device,
        zone=known.zone,
        profile=known.profile,
        pulse=None if pulse is None else pulse.pulse,
        in_flight=known.in_flight,
        transaction=transaction,
        as_of_ms=as_of_ms,
    )


def _forced(forced: Forced | None, on: Footing) -> Footing:
    """A test token may ask for a rung."""
    if forced is None or forced.rung is None:
        return on
    return Footing(rung=forced.rung, reason=forced.rung_reason, feature_age_ms=on.feature_age_ms)

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
from app.models.in_service import InService
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
    model: ModelInUse | None = None  # that scored
    scored: Scored | None = None


@dataclass(frozen=True, kw_only=True)
class Sight:
    """`models` gives those in service now; `monotonic` in seconds."""

    features: FeatureReader
    pulse: Callable[[], KnownPulse | None]
    models: Callable[[], InService]
    breaker: Breaker
    deadline: Deadline
    monotonic: Callable[[], float]

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
        deciding = self.models().deciding(transaction.user_id)
        on = footing(
            features=stored,
            has_model=bool(deciding),
            time_left=self.deadline.leaves_time_to_assess(self.monotonic() - arrived),
            as_of_ms=as_of_ms,
        )
        on = _forced(forced, on)
        reached = isinstance(stored, StoredFeatures)
        known = stored if isinstance(stored, StoredFeatures) else StoredFeatures()
        if not deciding or not on.uses_model:
            return Seen(on=on, known=known, reached=reached)
        pulse = self.pulse()
        moment = moment_of(known, pulse, transaction, as_of_ms)
        values = vector(moment)
        try:
            model, scored = await self._scored(deciding, values, arrived)
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
            model=model,
            scored=scored,
        )

    async def _scored(
        self, deciding: tuple[Scoring, ...], values: "array[float]", arrived: float
    ) -> tuple[Scoring, Scored]:
        """By the first; if that is a canary which fails, or takes half the time there is, by the champion."""
        *canaries, last = deciding
        for canary in canaries:
            try:
                return canary, await canary.score(values, self._score_s(arrived) / 2)
            except (ModelRefused, TimeoutError) as error:
                log.warning("the canary %s failed, the champion decides: %s", canary.version, error or "late")
        return last, await last.score(values, self._score_s(arrived))

    def _score_s(self, arrived: float) -> float:
        return self.deadline.score_s(self.monotonic() - arrived)


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
        ring=known.ring,
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

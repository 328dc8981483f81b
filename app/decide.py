"""The approval of one payment: read, assess, keep, answer. Pure orchestration over the ports."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct, structs

from app.assessment import Assessment, by_amount, by_model, by_request
from app.ladder import HISTORIES_LATE, HISTORIES_UNREADABLE, Footing, footing, without_scorer
from app.letters import in_letters
from app.ports import (
    Decision,
    FeatureReader,
    FeaturesUnreadable,
    KnownPulse,
    Ledger,
    Model,
    StoredFeatures,
)
from app.replies import Reply, Versions, encode_reply
from app.requests import TransactionRequest
from app.time_limit import within
from domain.decision import Rung, Verdict
from domain.errors import ModelRefused
from domain.events import PaymentDecided, from_ms
from domain.moment import Moment
from domain.transaction import Transaction
from domain.vector import as_attempt, observe

log = logging.getLogger("faregate.decide")
PRODUCER = "approval-api"


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """How the time of one decision is shared, in seconds: the read may take what the others leave."""

    total_s: float = 0.050
    write_s: float = 0.015
    assess_s: float = 0.002

    def read_s(self, elapsed_s: float) -> float:
        return self.total_s - self.write_s - self.assess_s - elapsed_s

    def leaves_time_to_assess(self, elapsed_s: float) -> bool:
        return elapsed_s < self.total_s - self.write_s


class Answer(Struct, frozen=True, kw_only=True):
    """The stored reply, and what the metrics want to know of how it came about; times in seconds."""

    reply: bytes
    repeated: bool
    verdict: Verdict
    rung: Rung
    rung_reason: str | None
    feature_age_ms: int | None
    read_s: float
    assess_s: float
    total_s: float
    overran: bool


@dataclass(frozen=True, kw_only=True)
class Approval:
    features: FeatureReader
    pulse: Callable[[], KnownPulse | None]
    ledger: Ledger
    model: Model | None
    deadline: Deadline
    now_ms: Callable[[], int]
    monotonic: Callable[[], float]

    async def decide(self, request: TransactionRequest, arrived: float) -> Answer:
        """Answer a payment that arrived at `arrived` on the monotonic clock.

        Raises LedgerUnavailable if nothing can be kept, TransactionChanged if another body was decided.
        """
        transaction, as_of_ms = request.transaction(), self.now_ms()
        attempt = as_attempt(transaction, as_of_ms)
        stored = await self._read(attempt, arrived)
        read_at = self.monotonic()
        on = footing(
            features=stored,
            has_model=self.model is not None,
            time_left=self.deadline.leaves_time_to_assess(read_at - arrived),
            as_of_ms=as_of_ms,
        )
        known = stored if isinstance(stored, StoredFeatures) else StoredFeatures()
        pulse = self.pulse() if on.uses_model else None
        on, assessed = self._assess(on, known, pulse, transaction, as_of_ms)
        assessed_at = self.monotonic()
        decision = self._decision(
            request=request,
            transaction=transaction,
            attempt=attempt,
            as_of_ms=as_of_ms,
            on=on,
            known=known,
            pulse=pulse,
            assessed=assessed,
            elapsed_s=assessed_at - arrived,
        )
        reply = await self.ledger.record(decision)
        total_s = self.monotonic() - arrived
        return Answer(
            reply=reply,
            repeated=reply != decision.reply,
            verdict=decision.verdict,
            rung=on.rung,
            rung_reason=on.reason,
            feature_age_ms=on.feature_age_ms,
            read_s=read_at - arrived,
            assess_s=assessed_at - read_at,
            total_s=total_s,
            overran=total_s > self.deadline.total_s,
        )

    async def _read(self, attempt: PaymentDecided, arrived: float) -> StoredFeatures | str:
        limit_s = self.deadline.read_s(self.monotonic() - arrived)
        if limit_s <= 0:
            return HISTORIES_LATE
        try:
            return await within(limit_s, self.features.read(attempt))
        except TimeoutError:
            return HISTORIES_LATE
        except FeaturesUnreadable:
            return HISTORIES_UNREADABLE

    def _assess(
        self,
        on: Footing,
        known: StoredFeatures,
        pulse: KnownPulse | None,
        transaction: Transaction,
        as_of_ms: int,
    ) -> tuple[Footing, Assessment]:
        if on.rung is Rung.R3:
            return on, by_amount(transaction)
        if self.model is None or not on.uses_model:
            return on, by_request(transaction)
        moment = moment_of(known, pulse, transaction, as_of_ms)
        try:
            return on, by_model(self.model, moment)
        except ModelRefused as error:
            log.warning("the scorer failed on %s: %s", transaction.transaction_id, error)
            return without_scorer(on), by_request(transaction)

    def _decision(
        self,
        *,
        request: TransactionRequest,
        transaction: Transaction,
        attempt: PaymentDecided,
        as_of_ms: int,
        on: Footing,
        known: StoredFeatures,
        pulse: KnownPulse | None,
        assessed: Assessment,
        elapsed_s: float,
    ) -> Decision:
        model = self.model if on.uses_model else None
        reply = Reply(
            decision_id=_decision_id(as_of_ms),
            transaction_id=transaction.transaction_id,
            verdict=assessed.verdict,
            score=assessed.score,
            probability=assessed.probability,
            rung=on.rung,
            rung_reason=on.reason,
            feature_age_ms=on.feature_age_ms,
            reasons=assessed.reasons,
            versions=Versions(model=model.version if model else None),
            decided_at=from_ms(self.now_ms()),
        )
        return Decision(
            decision_id=reply.decision_id,
            transaction=transaction,
            decided_at=reply.decided_at,
            as_of_ms=as_of_ms,
            verdict=reply.verdict,
            score=reply.score,
            probability=reply.probability,
            rung=reply.rung,
            rung_reason=reply.rung_reason,
            feature_age_ms=reply.feature_age_ms,
            model_version=reply.versions.model,
            scorer_kind=model.kind if model else None,
            features=known,
            pulse=pulse if model else None,
            vector=assessed.vector,
            request=request.canonical(),
            reply=encode_reply(reply),
            reasons=reply.reasons,
            latency_us=round(elapsed_s * 1_000_000),
            event=decided_event(attempt, reply),
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


def decided_event(attempt: PaymentDecided, reply: Reply) -> PaymentDecided:
    """The event that feeds the histories; it happened at the instant that the vector was computed for."""
    return structs.replace(
        attempt, producer=PRODUCER, decision_id=reply.decision_id, verdict=reply.verdict, rung=reply.rung
    )


def _decision_id(as_of_ms: int) -> str:
    """Rising with time, so that new rows land on the newest pages of the index."""
    return f"dec_{in_letters(f'{as_of_ms:012x}{secrets.token_hex(8)}')}"

"""The approval of one payment: known? read, judge, keep, answer. Pure orchestration over the ports."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from msgspec import Struct, structs

from app.deadline import Deadline
from app.decision_id import new_decision_id
from app.judging import Case, Judgement, judge
from app.keeping import Keeping
from app.models.shadows import Decided
from app.pass_through import Lottery, no_lottery
from app.ports import Caller, Decision, Evidence, Policies
from app.problems import RequestRefused
from app.replies import Reply, encode_reply
from app.requests import TransactionRequest, require_fresh
from app.sandbox import Forced
from app.sight import Seen, Sight
from app.stages import Stage
from domain.decision import Rung, Verdict
from domain.errors import Retryable
from domain.events import PaymentDecided, from_ms
from domain.vector import as_attempt

PRODUCER = "approval-api"


class InFlight(Retryable):
    """The same key is being decided, and was not done by the deadline."""


class Call(Struct, frozen=True, kw_only=True):
    """A payment to decide, whose it is, and under which idempotency key."""

    caller: Caller
    key: str
    request: TransactionRequest
    forced: Forced | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """The stored reply, and what the metrics want to know of how it came about; times in seconds.

    A repeat has the reply alone.
    """

    reply: bytes
    repeated: bool
    verdict: Verdict | None = None
    rung: Rung | None = None
    rung_reason: str | None = None
    feature_age_ms: int | None = None
    rules: tuple[tuple[str, bool], ...] = ()  # that hit, and whether they acted
    failed_rules: tuple[str, ...] = ()
    total_s: float = 0.0
    overran: bool = False


@dataclass(frozen=True, kw_only=True)
class Approval:
    """`stage` is told how long each part of a decision took, in seconds; `lottery` which payments that would
    be stopped go through; `watch` of each payment that a model decided, once it is kept."""

    sight: Sight
    keeping: Keeping
    policies: Callable[[], Policies]
    deadline: Deadline
    now_ms: Callable[[], int]
    monotonic: Callable[[], float]
    stage: Callable[[Stage, float], None]
    lottery: Lottery = no_lottery
    watch: Callable[[Decided], None] = lambda _: None
    _running: dict[tuple[str, str], asyncio.Task[Answer]] = field(default_factory=dict)

    async def decide(self, call: Call, arrived: float) -> Answer:
        """Answer a payment that arrived at `arrived` on the monotonic clock.

        Raises RequestRefused for a payment asked for too long ago, KeyReused or TransactionChanged if
        another body was decided, InFlight if this key is still being decided at the deadline, and
        LedgerUnavailable if nothing can be kept.
        """
        name = (call.caller.tenant, call.key)
        running = self._running.get(name)
        if running is not None:
            return await self._after(running, call, arrived)
        task = self._running[name] = asyncio.ensure_future(self._decide(call, arrived))
        task.add_done_callback(lambda _: self._running.pop(name, None))
        return await asyncio.shield(task)

    async def _after(self, running: asyncio.Task[Answer], call: Call, arrived: float) -> Answer:
        """The first of two calls at once decides; the second gets what is stored then."""
        left_s = self.deadline.total_s - (self.monotonic() - arrived)
        await asyncio.wait((running,), timeout=max(0.0, left_s))
        if not running.done():
            raise InFlight(f"{call.request.transaction_id} is being decided under this key")
        return await self.decide(call, arrived)

    async def _decide(self, call: Call, arrived: float) -> Answer:
        began = self.monotonic()
        canonical = call.request.canonical()
        fingerprint = sha256(canonical).digest()
        left_s = partial(self._left_to_keep, arrived)
        stored = await self.keeping.known(call.caller.tenant, call.key, fingerprint, left_s)
        found_at = self._passed(Stage.FIND, began)
        if stored is None:
            stored = await self._recalled_if_old(call, fingerprint)
        if stored is not None:
            return Answer(reply=stored, repeated=True)
        transaction, as_of_ms = call.request.transaction(), self.now_ms()
        attempt = as_attempt(transaction, as_of_ms)
        histories = await self.sight.read(attempt, call.forced, arrived)
        read_at = self._passed(Stage.READ, found_at)
        seen = await self.sight.see(transaction, as_of_ms, histories, forced=call.forced, arrived=arrived)
        case = Case(
            decision_id=new_decision_id(as_of_ms),
            request=call.request,
            transaction=transaction,
            as_of_ms=as_of_ms,
            decided_at=from_ms(as_of_ms + round((self.monotonic() - found_at) * 1000)),
            on=seen.on,
            vector=seen.values,
            normals=seen.normals,
            forced=call.forced.verdict if call.forced else None,
            chance=None if call.forced else self.lottery(transaction.card_id, as_of_ms),
        )
        judgement = judge(case, seen.model, seen.scored, self.policies())
        assessed_at = self._passed(Stage.ASSESS, read_at)
        decision = self._decision(call, canonical, case, seen, judgement, attempt, assessed_at - arrived)
        reply = await self.keeping.keep(decision, left_s, reached=seen.reached)
        total_s = self._passed(Stage.KEEP, assessed_at) - arrived
        if reply != decision.reply:
            return Answer(reply=reply, repeated=True)
        if seen.model and seen.values is not None and not decision.sandbox:
            self.watch(Decided(decision_id=case.decision_id, version=seen.model.version, values=seen.values))
        return _answer(decision, total_s, overran=total_s > self.deadline.total_s)

    def _left_to_keep(self, arrived: float) -> float:
        return self.deadline.keep_s(self.monotonic() - arrived)

    def _passed(self, stage: Stage, since: float) -> float:
        now = self.monotonic()
        self.stage(stage, now - since)
        return now

    async def _recalled_if_old(self, call: Call, fingerprint: bytes) -> bytes | None:
        """A new payment must be asked for just now; a repeat of an old one may have been another host's."""
        try:
            require_fresh(call.request, self.now_ms())
        except RequestRefused:
            stored = await self.keeping.recall(call.caller.tenant, call.key, fingerprint)
            if stored is None:
                raise
            return stored
        return None

    def _decision(  # noqa: PLR0917 - each part of the row once
        self,
        call: Call,
        canonical: bytes,
        case: Case,
        seen: Seen,
        judgement: Judgement,
        attempt: PaymentDecided,
        elapsed_s: float,
    ) -> Decision:
        reply = judgement.reply
        model = seen.model
        return Decision(
            decision_id=reply.decision_id,
            tenant=call.caller.tenant,
            idempotency_key=call.key,
            fingerprint=sha256(canonical).digest(),
            transaction=case.transaction,
            decided_at=reply.decided_at,
            as_of_ms=case.as_of_ms,
            verdict=reply.verdict,
            score=reply.score,
            probability=reply.probability,
            rung=reply.rung,
            rung_reason=reply.rung_reason,
            feature_age_ms=reply.feature_age_ms,
            model_version=reply.versions.model,
            scorer_kind=model.kind if model else None,
            rulebook_version=reply.versions.rules,
            lists_version=reply.versions.lists,
            policy_version=reply.versions.policy,
            features=seen.known,
            pulse=seen.pulse,
            vector=None if seen.values is None else seen.values.tobytes(),
            evidence=Evidence(
                normals=seen.normals,
                list_entry=reply.list_entry,
                failed=judgement.findings.failed,
                forced=case.forced,
                pass_through=judgement.passed_through,
            ),
            rules=judgement.findings.hits,
            request=canonical,
            reply=encode_reply(reply),
            reasons=reply.reasons,
            latency_us=round(elapsed_s * 1_000_000),
            event=decided_event(attempt, reply),
            sandbox=call.forced is not None,
        )


def decided_event(attempt: PaymentDecided, reply: Reply) -> PaymentDecided:
    """The event that feeds the histories; it happened at the instant that the vector was computed for."""
    return structs.replace(
        attempt, producer=PRODUCER, decision_id=reply.decision_id, verdict=reply.verdict, rung=reply.rung
    )


def _answer(decision: Decision, total_s: float, *, overran: bool) -> Answer:
    return Answer(
        reply=decision.reply,
        repeated=False,
        verdict=decision.verdict,
        rung=decision.rung,
        rung_reason=decision.rung_reason,
        feature_age_ms=decision.feature_age_ms,
        rules=tuple((hit.rule_id, hit.acted) for hit in decision.rules),
        failed_rules=decision.evidence.failed,
        total_s=total_s,
        overran=overran,
    )

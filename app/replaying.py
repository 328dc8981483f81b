"""Makes a decision again from what the ledger kept of it: the same reply, byte for byte, or a difference."""

from array import array
from datetime import UTC, datetime

from msgspec import Struct, json

from app.assessment import POLICY_VERSION
from app.judging import Case, judge
from app.ladder import Footing
from app.pass_through import Chance
from app.policies.naming import parts_of
from app.ports import Evidence, Model, Policies
from app.replies import encode_reply
from app.requests import TransactionRequest
from app.scoring import Scored, score
from domain.decision import Rung
from domain.errors import FaregateError
from domain.rules import RuleHit


class ReplayRefused(FaregateError):
    """What the decision was made with is not here."""


class KeptDecision(Struct, frozen=True, kw_only=True):
    """A row of the ledger; `histories` are epoch and version by kind."""

    decision_id: str
    tenant: str
    transaction_id: str
    decided_at: datetime
    as_of_ms: int
    rung: Rung
    rung_reason: str | None
    feature_age_ms: int | None
    model_version: str | None
    scorer_kind: str | None
    rulebook_version: int
    lists_version: int
    policy_version: str
    histories: dict[str, tuple[int | None, int | None]]
    positions: dict[str, list[int]] | None
    overlaid: list[tuple[str, str | None, int]] | None
    pulse_id: str | None
    vector: bytes | None
    evidence: Evidence
    rules: list[RuleHit]
    request: bytes
    reply: bytes
    sandbox: bool


class Replay(Struct, frozen=True, kw_only=True):
    reply: bytes
    same: bool
    scored: Scored | None


def replay(kept: KeptDecision, model: Model | None, policies: Policies) -> Replay:
    """`model` and `policies` must be those that the row names; raises ReplayRefused or ModelRefused."""
    base, number = parts_of(kept.policy_version)
    if base != POLICY_VERSION:
        raise ReplayRefused(
            f"{kept.decision_id} was decided by policy {kept.policy_version}, this release has "
            f"{POLICY_VERSION}: use the release that decided it"
        )
    if number is not None and (policies.policy is None or policies.policy.version != number):
        raise ReplayRefused(
            f"{kept.decision_id} was decided by policy {number}, which the database does not hold any more"
        )
    case = _case(kept)
    scored = None
    if case.vector is not None:
        if model is None or model.version != kept.model_version:
            raise ReplayRefused(
                f"{kept.decision_id} was decided by model {kept.model_version}, which is not here: "
                "the registry does not know it, and FAREGATE_MODEL_DIR names no folder that holds it"
            )
        scored = score(model, case.vector)
    reply = encode_reply(judge(case, model, scored, policies).reply)
    return Replay(reply=reply, same=reply == kept.reply, scored=scored)


def _case(kept: KeptDecision) -> Case:
    request = json.decode(kept.request, type=TransactionRequest)
    return Case(
        decision_id=kept.decision_id,
        request=request,
        transaction=request.transaction(),
        as_of_ms=kept.as_of_ms,
        decided_at=kept.decided_at.astimezone(UTC),  # the session's zone would be written into the reply
        on=Footing(rung=kept.rung, reason=kept.rung_reason, feature_age_ms=kept.feature_age_ms),
        vector=None if kept.vector is None else array("f", kept.vector),
        normals=kept.evidence.normals,
        forced=kept.evidence.forced,
        chance=_chance(kept.evidence),
    )


def _chance(evidence: Evidence) -> Chance | None:
    """Kept for payments that had one; what it may cost was looked at then."""
    passed = evidence.pass_through
    return Chance(propensity=passed.propensity, drawn=passed.drawn) if passed else None

"""The verdict on a case: lists, rules, then the score. Pure: the same case gets the same reply."""

from array import array
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from app.assessment import Assessment, by_amount, by_model, by_request
from app.ladder import Footing
from app.pass_through import Chance, PassedThrough, pass_through
from app.policies.naming import policy_name
from app.ports import Facts, Policies, RuleFindings, Thresholds
from app.replies import Reply, Versions
from app.requests import TransactionRequest
from app.scoring import ModelInUse, Scored
from domain.catalogue import FEATURE_NAMES
from domain.decision import Rung, Verdict
from domain.policy import Policy
from domain.rules import Action, ListHit, RuleHit
from domain.transaction import Transaction


class Case(Struct, frozen=True, kw_only=True):
    """What a verdict is made of; with the model and the policies in force the ledger keeps all of it.

    `vector` is None where no model scores; `forced` is the verdict that a test token asks for; `chance` is
    what lets the payment through if it would be stopped.
    """

    decision_id: str
    request: TransactionRequest
    transaction: Transaction
    as_of_ms: int
    decided_at: datetime
    on: Footing
    vector: "array[float] | None" = None
    normals: Mapping[str, float] = {}
    forced: Verdict | None = None
    chance: Chance | None = None


class Judgement(Struct, frozen=True, kw_only=True):
    reply: Reply
    findings: RuleFindings
    passed_through: PassedThrough | None = None


def judge(case: Case, model: ModelInUse | None, scored: Scored | None, policies: Policies) -> Judgement:
    """`scored` is what `model` says of the case's vector; both are None where no model scores."""
    facts = _facts(case, scored)
    entry = policies.lists.match(facts)
    findings = policies.rulebook.examine(facts)
    assessed = _assess(case, model, scored, policies.policy, _points(findings.hits))
    verdict = case.forced or _by_list(entry) or _by_rule(findings.hits) or assessed.verdict
    passed = pass_through(verdict, case.chance, entry, case.vector)
    return Judgement(
        findings=findings,
        passed_through=passed,
        reply=Reply(
            decision_id=case.decision_id,
            transaction_id=case.transaction.transaction_id,
            verdict=Verdict.APPROVE if passed and passed.drawn else verdict,
            score=assessed.score,
            probability=assessed.probability,
            rung=case.on.rung,
            rung_reason=case.on.reason,
            feature_age_ms=case.on.feature_age_ms,
            reasons=assessed.reasons,
            rules=[hit for hit in findings.hits if hit.acted],
            list_entry=entry,
            versions=_versions(model if scored else None, policies),
            decided_at=case.decided_at,
        ),
    )


def _facts(case: Case, scored: Scored | None) -> Facts:
    return Facts(
        transaction=case.transaction,
        as_of_ms=case.as_of_ms,
        rung=case.on.rung,
        email_hash=case.request.email_hash,
        features=None if case.vector is None else dict(zip(FEATURE_NAMES, case.vector, strict=True)),
        probability=scored.probability if scored else None,
    )


def _assess(
    case: Case, model: ModelInUse | None, scored: Scored | None, policy: Policy | None, points: int
) -> Assessment:
    if case.on.rung is Rung.R3:
        return by_amount(case.transaction, points)
    if model is None or scored is None or case.vector is None:
        return by_request(case.transaction, points)
    return by_model(
        thresholds_of(model, policy),
        scored,
        points=points,
        values=case.vector,
        normals=case.normals,
        currency=case.transaction.currency,
    )


def thresholds_of(model: ModelInUse, policy: Policy | None) -> Thresholds:
    """Those that people set hold for every model, in place of its own."""
    return (policy.thresholds if policy else None) or model.thresholds


def _points(hits: Sequence[RuleHit]) -> int:
    return sum(hit.points or 0 for hit in hits if hit.acted)


def _by_list(entry: ListHit | None) -> Verdict | None:
    if entry is None:
        return None
    return Verdict.DECLINE if entry.list == "block" else Verdict.APPROVE


def _by_rule(hits: Sequence[RuleHit]) -> Verdict | None:
    """The first that acts decides; rules that move the score have been heard there."""
    deciding = (hit for hit in hits if hit.acted and hit.action is not Action.ADD_SCORE)
    first = next(deciding, None)
    return Verdict(first.action) if first else None


def _versions(model: ModelInUse | None, policies: Policies) -> Versions:
    return Versions(
        model=model.version if model else None,
        rules=policies.rulebook.version,
        lists=policies.lists.version,
        policy=policy_name(policies.policy),
    )

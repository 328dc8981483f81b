"""Cases to judge, and what is in force while they are judged."""

from array import array
from typing import Any

from event_factories import NOW_MS
from factories import a_request
from fakes import FakeListBook, FakeModel, FakePolicies, FakeRulebook
from msgspec import structs

from app.judging import Case, Judgement, judge
from app.ladder import Footing
from app.ports import Evidence, Policies
from app.replaying import KeptDecision
from app.replies import encode_reply
from app.scoring import score
from domain.catalogue import FEATURE_NAMES
from domain.decision import Rung
from domain.events import from_ms
from domain.rules import Action, ListHit, Mode, RuleHit

VALUES = array("f", [float(place) for place in range(len(FEATURE_NAMES))])
BLOCKED = ListHit(entry_id="entry_b", list="block", field="card_id")
ALLOWED = ListHit(entry_id="entry_a", list="allow", field="user_id")
R0, R2 = Footing(rung=Rung.R0, feature_age_ms=500), Footing(rung=Rung.R2, reason="no_model")
R3 = Footing(rung=Rung.R3, reason="deadline_spent")


def a_case(*, on: Footing = R0, amount_minor: int = 1_850, **given: Any) -> Case:
    request = given.pop("request", None) or a_request(transaction_id="txn_a", amount_minor=amount_minor)
    defaults: dict[str, Any] = {
        "decision_id": "dec_a",
        "request": request,
        "transaction": request.transaction(),
        "as_of_ms": NOW_MS,
        "decided_at": from_ms(NOW_MS + 3),
        "on": on,
        "vector": VALUES if on.uses_model else None,
    }
    return Case(**{**defaults, **given})


def a_hit(action: Action, **given: Any) -> RuleHit:
    defaults: dict[str, Any] = {
        "rule_id": f"rule_{action}",
        "version": 1,
        "mode": Mode.LIVE,
        "points": 20 if action is Action.ADD_SCORE else None,
        "acted": True,
    }
    return RuleHit(action=action, **{**defaults, **given})


def in_force(*hits: RuleHit, entry: ListHit | None = None, failed: tuple[str, ...] = ()) -> Policies:
    return FakePolicies(rulebook=FakeRulebook(*hits, failed=failed), lists=FakeListBook(entry))


def judged(case: Case, policies: Policies, probability: float = 0.01) -> Judgement:
    """By a model that says `probability`, where the case has a vector."""
    model = FakeModel(probability)
    return judge(case, model, score(model, case.vector) if case.vector else None, policies)


def kept_of(case: Case, policies: Policies, probability: float = 0.3, **given: Any) -> KeptDecision:
    """The row of a case that was judged by these policies."""
    judgement = judged(case, policies, probability)
    reply = judgement.reply
    row = KeptDecision(
        decision_id=case.decision_id,
        tenant="tenant_a",
        transaction_id=case.transaction.transaction_id,
        decided_at=case.decided_at,
        as_of_ms=case.as_of_ms,
        rung=reply.rung,
        rung_reason=reply.rung_reason,
        feature_age_ms=reply.feature_age_ms,
        model_version=reply.versions.model,
        scorer_kind="compiled" if reply.versions.model else None,
        rulebook_version=reply.versions.rules,
        lists_version=reply.versions.lists,
        policy_version=reply.versions.policy,
        histories={},
        positions=None,
        overlaid=None,
        pulse_id=None,
        vector=case.vector.tobytes() if case.vector else None,
        evidence=Evidence(
            normals=case.normals,
            list_entry=reply.list_entry,
            forced=case.forced,
            pass_through=judgement.passed_through,
        ),
        rules=list(judgement.findings.hits),
        request=case.request.canonical(),
        reply=encode_reply(reply),
        sandbox=case.forced is not None,
    )
    return structs.replace(row, **given)

"""Thresholds that people set, in place of the model's own; and a decision by them made again."""

from array import array

import pytest
from cases import R0, R2, R3, a_case, a_hit, in_force, judged, kept_of
from fakes import FakeModel, FakePolicies

from app.assessment import POLICY_VERSION, with_points
from app.ladder import Footing
from app.metrics import Metrics
from app.models.in_service import InService
from app.models.shadows import Decided, Shadows
from app.policies.naming import parts_of, policy_name
from app.ports import Policies
from app.replaying import ReplayRefused, replay
from domain.decision import Verdict
from domain.policy import Policy
from domain.rules import Action

SET = Policy(version=41, review=0.1, challenge=0.2, decline=0.9)
CLEARED = Policy(version=42)


def by(policy: Policy | None) -> Policies:
    return FakePolicies(policy=policy)


@pytest.mark.parametrize(
    ("probability", "verdict"), [(0.09, "approve"), (0.1, "review"), (0.6, "challenge"), (0.9, "decline")]
)
def test_the_policy_stands_in_place_of_the_models_own_thresholds(probability: float, verdict: str) -> None:
    reply = judged(a_case(), by(SET), probability).reply
    assert (reply.verdict, reply.versions.policy) == (verdict, f"{POLICY_VERSION}.41")


@pytest.mark.parametrize("policy", [None, CLEARED])
def test_a_policy_without_thresholds_leaves_the_models_own(policy: Policy | None) -> None:
    for probability in (0.3, 0.5):
        reply = judged(a_case(), by(policy), probability).reply
        assert reply.verdict is FakeModel.thresholds.verdict(probability)
        assert reply.versions.policy == policy_name(policy)


def test_points_move_the_probability_that_the_policy_cuts() -> None:
    policies = FakePolicies(rulebook=in_force(a_hit(Action.ADD_SCORE, points=20)).rulebook, policy=SET)  # type: ignore[arg-type]
    assert with_points(0.05, 20) > 0.2
    assert judged(a_case(), policies, 0.05).reply.verdict is Verdict.CHALLENGE


@pytest.mark.parametrize("on", [R2, R3])
def test_without_a_model_nothing_but_the_name_is_another(on: Footing) -> None:
    case = a_case(on=on, amount_minor=20_000)
    plain, under = judged(case, by(None)).reply, judged(case, by(SET)).reply
    assert (plain.verdict, plain.score) == (under.verdict, under.score)
    assert under.versions.policy == f"{POLICY_VERSION}.41"


@pytest.mark.parametrize("on", [R0, R2, R3])
@pytest.mark.parametrize("policy", [None, SET, CLEARED])
def test_the_same_bytes_come_out_under_a_policy(on: Footing, policy: Policy | None) -> None:
    kept = kept_of(a_case(on=on), by(policy), 0.3)
    assert replay(kept, FakeModel(0.3), by(policy)).same


@pytest.mark.parametrize("policy", [None, CLEARED])
def test_a_policy_that_is_not_the_rows_is_refused(policy: Policy | None) -> None:
    kept = kept_of(a_case(), by(SET), 0.3)
    with pytest.raises(ReplayRefused, match="dec_a was decided by policy 41, which the database does not"):
        replay(kept, FakeModel(0.3), by(policy))


def test_a_policy_of_another_release_is_refused_whatever_its_number() -> None:
    kept = kept_of(a_case(), by(SET), 0.3, policy_version="pol_other.41")
    with pytest.raises(ReplayRefused, match=r"policy pol_other\.41, this release has"):
        replay(kept, FakeModel(0.3), by(SET))


@pytest.mark.parametrize("policy", [None, SET])
def test_a_name_is_taken_apart_as_it_was_made(policy: Policy | None) -> None:
    assert parts_of(policy_name(policy)) == (POLICY_VERSION, policy.version if policy else None)
    assert parts_of("before") == ("before", None)


class Asked:
    version, kind, thresholds = "mdl_shadow", "compiled", FakeModel.thresholds

    async def score(self, values: "array[float]", limit_s: float) -> None: ...

    async def probability(self, _values: "array[float]", _limit_s: float) -> float:
        return 0.3


@pytest.mark.anyio
@pytest.mark.parametrize(("policy", "verdict"), [(None, "approve"), (SET, "challenge")])
async def test_a_shadow_is_judged_by_the_thresholds_that_decided(policy: Policy | None, verdict: str) -> None:
    service = InService(shadows=(Asked(),))  # type: ignore[arg-type]
    shadows = Shadows(None, lambda: service, policy=lambda: policy)  # type: ignore[arg-type]
    await shadows._score(Decided(decision_id="dec_a", version="mdl_fake", values=array("f")))
    assert shadows._scores == [("dec_a", "mdl_shadow", 0.3, verdict)]


def test_the_version_in_force_is_a_metric() -> None:
    metrics = Metrics()
    metrics.show_policies(7, 3, 41)
    assert 'faregate_policy_version{kind="policy"} 41' in metrics.page().decode()

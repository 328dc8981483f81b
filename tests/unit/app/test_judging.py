"""Lists, rules and score: who has the last word, and what the reply says of it."""

import pytest
from cases import ALLOWED, BLOCKED, R0, R2, R3, VALUES, a_case, a_hit, in_force, judged
from fakes import FakeModel, FakePolicies, FakeRulebook
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from rule_factories import a_rule

from app.assessment import POLICY_VERSION, shown_score, with_points
from app.judging import judge
from app.ladder import Footing
from app.ports import Policies
from app.replies import encode_reply
from app.rules.keeper import InForce
from app.rules.lists import Entries, Entry
from app.rules.rulebook import CompiledRulebook
from domain.decision import Rung, Verdict
from domain.rules import Action, Mode, Rule, RuleHit

EVERY_RUNG = [R0, structs.replace(R0, rung=Rung.R1), R2, R3]
DECIDING = [Action.DECLINE, Action.CHALLENGE, Action.REVIEW, Action.APPROVE]


def rulebook(*rules: Rule) -> Policies:
    return FakePolicies(rulebook=CompiledRulebook(9, rules))  # type: ignore[arg-type]


@pytest.mark.parametrize(("probability", "verdict"), [(0.01, "approve"), (0.5, "decline")])
def test_with_nothing_in_force_the_score_decides(probability: float, verdict: str) -> None:
    reply = judged(a_case(), in_force(), probability).reply
    assert (reply.verdict, reply.score) == (verdict, shown_score(probability))
    assert (reply.probability, reply.rules, reply.list_entry) == (probability, [], None)


@pytest.mark.parametrize("on", EVERY_RUNG)
@pytest.mark.parametrize("action", DECIDING)
def test_a_rule_stands_above_the_score_on_every_rung(on: Footing, action: Action) -> None:
    for probability, amount_minor in ((0.01, 500), (0.9, 50_000)):
        hit = a_hit(action)
        reply = judged(a_case(on=on, amount_minor=amount_minor), in_force(hit), probability).reply
        assert (reply.verdict, reply.rules) == (Verdict(action), [hit])


@pytest.mark.parametrize("on", EVERY_RUNG)
@pytest.mark.parametrize(("entry", "verdict"), [(BLOCKED, "decline"), (ALLOWED, "approve")])
@pytest.mark.parametrize("action", DECIDING)
def test_a_list_stands_above_every_rule(on: Footing, entry: object, verdict: str, action: Action) -> None:
    policies = in_force(a_hit(action), entry=entry)  # type: ignore[arg-type]
    reply = judged(a_case(on=on), policies, 0.7).reply
    assert (reply.verdict, reply.list_entry) == (verdict, entry)


def test_block_stands_above_allow() -> None:
    entries = Entries(
        4,
        [
            Entry(entry_id="entry_a", list="allow", field="card_id", value="card_a"),
            Entry(entry_id="entry_b", list="block", field="device_id", value="dev_a"),
        ],
    )
    policies = InForce(rulebook=CompiledRulebook(0, ()), lists=entries)
    reply = judged(a_case(), policies).reply
    assert (reply.verdict, reply.versions.lists) == (Verdict.DECLINE, 4)
    assert reply.list_entry is not None
    assert reply.list_entry.entry_id == "entry_b"


@pytest.mark.parametrize("verdict", Verdict)
def test_a_forced_verdict_stands_above_everything(verdict: Verdict) -> None:
    policies = in_force(a_hit(Action.REVIEW), entry=BLOCKED)
    reply = judged(a_case(forced=verdict), policies, 0.9).reply
    assert (reply.verdict, reply.score, reply.list_entry) == (verdict, shown_score(0.9), BLOCKED)


def test_the_highest_priority_acts_first() -> None:
    policies = rulebook(
        a_rule("rule_low", "amount_minor > 0", action=Action.DECLINE, priority=1),
        a_rule("rule_high", "amount_minor > 0", action=Action.APPROVE, priority=2),
    )
    reply = judged(a_case(), policies, 0.9).reply
    assert reply.verdict is Verdict.APPROVE
    assert [hit.rule_id for hit in reply.rules] == ["rule_high", "rule_low"]


def test_among_equals_the_severest_acts() -> None:
    policies = rulebook(
        a_rule("rule_a", "amount_minor > 0", action=Action.APPROVE),
        a_rule("rule_b", "amount_minor > 0", action=Action.CHALLENGE),
        a_rule("rule_c", "amount_minor > 0", action=Action.REVIEW),
    )
    assert judged(a_case(), policies).reply.verdict is Verdict.CHALLENGE


def test_points_of_a_higher_rule_do_not_shadow_the_verdict_of_a_lower() -> None:
    reply = judged(a_case(), in_force(a_hit(Action.ADD_SCORE, points=-90), a_hit(Action.DECLINE)), 0.3).reply
    assert reply.verdict is Verdict.DECLINE
    assert reply.score == shown_score(with_points(0.3, -90))


@pytest.mark.parametrize("on", EVERY_RUNG)
def test_hits_that_do_not_act_change_nothing_but_what_is_recorded(on: Footing) -> None:
    silent = [
        a_hit(Action.DECLINE, mode=Mode.SHADOW, acted=False),
        a_hit(Action.ADD_SCORE, points=90, mode=Mode.SHADOW, acted=False),
        a_hit(Action.CHALLENGE, acted=False),  # outside its share
    ]
    with_them, without = judged(a_case(on=on), in_force(*silent)), judged(a_case(on=on), in_force())
    assert with_them.reply == without.reply
    assert with_them.findings.hits == tuple(silent)


def test_a_failed_rule_is_recorded_and_has_no_say() -> None:
    judgement = judged(a_case(), in_force(failed=("rule_x",)))
    assert judgement.findings.failed == ("rule_x",)
    assert judgement.reply == judged(a_case(), in_force()).reply


@given(
    st.floats(min_value=1e-9, max_value=1 - 1e-9),
    st.lists(st.integers(-99, 99).filter(bool), min_size=1, max_size=4),
)
def test_points_move_verdict_and_score_together_where_a_model_scores(
    probability: float, points: list[int]
) -> None:
    hits = [a_hit(Action.ADD_SCORE, points=each) for each in points]
    reply = judged(a_case(), in_force(*hits), probability).reply
    moved = with_points(probability, sum(points))
    assert reply.verdict is FakeModel.thresholds.verdict(moved)
    assert reply.score == shown_score(moved)
    assert reply.probability == probability  # the model's own word stays


@given(
    st.sampled_from((R2, R3)), st.integers(1, 60_000), st.lists(st.integers(-99, 99).filter(bool), max_size=3)
)
def test_points_move_verdict_and_score_together_without_a_model(
    on: Footing, amount_minor: int, points: list[int]
) -> None:
    hits = [a_hit(Action.ADD_SCORE, points=each) for each in points]
    before = judged(a_case(on=on, amount_minor=amount_minor), in_force()).reply
    after = judged(a_case(on=on, amount_minor=amount_minor), in_force(*hits)).reply
    of_the_request = round(sum(reason.contribution for reason in before.reasons))
    assert after.score == max(0, min(99, of_the_request + sum(points)))
    order = list(Verdict)
    assert (order.index(after.verdict) - order.index(before.verdict)) * sum(points) >= 0


def test_a_hundred_rules_of_points_do_not_overflow() -> None:
    for points, verdict, score in ((99, "decline", 99), (-99, "approve", 0)):
        hits = [a_hit(Action.ADD_SCORE, points=points) for _ in range(100)]
        for probability in (0.0001, 0.5, 1 - 1e-15):
            reply = judged(a_case(), in_force(*hits), probability).reply
            assert (reply.verdict, reply.score) == (verdict, score)


@pytest.mark.parametrize(("on", "model"), [(R0, "mdl_fake"), (R2, None), (R3, None)])
def test_every_version_that_decided_is_named(on: Footing, model: str | None) -> None:
    versions = judged(a_case(on=on), in_force()).reply.versions
    assert (versions.model, versions.rules, versions.lists) == (model, 7, 3)
    assert versions.policy == POLICY_VERSION


@pytest.mark.parametrize("on", EVERY_RUNG)
def test_the_reply_says_on_what_footing_it_stands(on: Footing) -> None:
    reply = judged(a_case(on=on), in_force()).reply
    assert (reply.rung, reply.rung_reason, reply.feature_age_ms) == (on.rung, on.reason, on.feature_age_ms)
    assert (reply.decision_id, reply.transaction_id) == ("dec_a", "txn_a")


def test_rules_and_lists_are_asked_about_the_same_facts() -> None:
    policies = FakePolicies()
    judged(a_case(), policies, 0.25)
    [facts] = policies.rulebook.examined
    assert facts.features is not None
    assert list(facts.features.values()) == list(VALUES)
    assert (facts.probability, facts.email_hash) == (0.25, None)


def test_rules_of_features_have_nothing_to_say_without_them() -> None:
    policies = rulebook(
        a_rule("rule_features", "amount >= 0.0", action=Action.DECLINE),
        a_rule("rule_score", "probability >= 0.0", action=Action.DECLINE),
        a_rule("rule_request", "amount_minor > 0", action=Action.CHALLENGE),
    )
    assert judged(a_case(on=R2), policies).reply.verdict is Verdict.CHALLENGE
    assert judged(a_case(on=R0), policies).reply.verdict is Verdict.DECLINE


ACTIONS = st.sampled_from(Action)
HITS = st.builds(
    lambda action, acted, points: a_hit(
        action, acted=acted, points=points if action is Action.ADD_SCORE else None
    ),
    ACTIONS,
    st.booleans(),
    st.integers(-99, 99),
)


@given(
    on=st.sampled_from(EVERY_RUNG),
    probability=st.floats(0, 1),
    amount_minor=st.integers(1, 100_000),
    hits=st.lists(HITS, max_size=5),
    entry=st.sampled_from((None, BLOCKED, ALLOWED)),
    forced=st.sampled_from((None, *Verdict)),
)
def test_the_same_case_gets_the_same_bytes(  # noqa: PLR0917 - all that a verdict is made of
    on: Footing,
    probability: float,
    amount_minor: int,
    hits: list[RuleHit],
    entry: object,
    forced: Verdict | None,
) -> None:
    case = a_case(on=on, amount_minor=amount_minor, forced=forced)
    first, again = (
        encode_reply(judged(case, in_force(*hits, entry=entry), probability).reply)  # type: ignore[arg-type]
        for _ in range(2)
    )
    assert first == again


def test_judging_leaves_its_case_as_it_was() -> None:
    case = a_case(normals={"amount": 3.0})
    judged(case, in_force(a_hit(Action.ADD_SCORE)), 0.4)
    assert case == a_case(normals={"amount": 3.0}, request=case.request)
    assert case.vector == VALUES


def test_a_model_that_did_not_score_is_not_named() -> None:
    reply = judge(a_case(vector=None), FakeModel(), None, FakePolicies(rulebook=FakeRulebook())).reply
    assert (reply.versions.model, reply.probability) == (None, None)

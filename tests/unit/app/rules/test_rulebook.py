import subprocess
import sys
import threading
from math import nan
from time import perf_counter

import pytest
from event_factories import NOW_MS
from rule_factories import a_rule, bare_facts, facts

from app.ports import Facts, RuleFindings
from app.rules.rulebook import CompiledRulebook, in_share
from app.rules.starter import STARTER_RULES
from app.rules.store import check
from domain.catalogue import FEATURE_NAMES
from domain.rules import Action, Mode, Rule


def _hits(*rules: Rule, given: Facts | None = None) -> list[str]:
    found = CompiledRulebook(1, rules).examine(given or facts(amount=9.0))
    assert not found.failed
    return [hit.rule_id for hit in found.hits]


def test_a_hit_tells_what_the_rule_is() -> None:
    rule = a_rule(action=Action.ADD_SCORE, points=12, version=3)
    [hit] = CompiledRulebook(7, [rule]).examine(facts(amount=9.0)).hits
    assert (hit.rule_id, hit.version, hit.action, hit.mode) == ("rule_a", 3, Action.ADD_SCORE, Mode.LIVE)
    assert (hit.points, hit.acted) == (12, True)


def test_an_empty_rulebook_finds_nothing() -> None:
    assert CompiledRulebook(4, ()).examine(facts()) == RuleFindings()
    assert CompiledRulebook(4, ()).version == 4


def test_the_highest_priority_goes_first_then_the_severest_then_the_id() -> None:
    rules = [
        a_rule("rule_a", priority=1),
        a_rule("rule_b", priority=9, action=Action.APPROVE),
        a_rule("rule_d", priority=1, action=Action.DECLINE),
        a_rule("rule_c", priority=1, action=Action.DECLINE),
        a_rule("rule_e", priority=-1, action=Action.ADD_SCORE, points=3),
    ]
    assert _hits(*rules) == ["rule_b", "rule_c", "rule_d", "rule_a", "rule_e"]


@pytest.mark.parametrize(
    ("mode", "hits", "acted"), [(Mode.DRAFT, 0, 0), (Mode.SHADOW, 1, 0), (Mode.LIVE, 1, 1)]
)
def test_modes(mode: Mode, hits: int, acted: int) -> None:
    found = CompiledRulebook(1, [a_rule(mode=mode)]).examine(facts(amount=9.0))
    assert (len(found.hits), sum(hit.acted for hit in found.hits)) == (hits, acted)


@pytest.mark.parametrize(("expires_at_ms", "holds"), [(None, True), (NOW_MS + 1, True), (NOW_MS, False)])
def test_a_rule_ends_at_the_time_of_the_decision(expires_at_ms: int | None, holds: bool) -> None:
    assert bool(_hits(a_rule(expires_at_ms=expires_at_ms))) is holds


@pytest.mark.parametrize(
    ("expression", "hits"),
    [
        ("amount >= 0", 0),
        ("probability >= 0.0", 0),
        ("amount_minor > 1000", 1),
        ("amount_minor > 1 || amount > 1", 0),
    ],
)
def test_rules_that_need_what_is_not_there_are_passed_over(expression: str, hits: int) -> None:
    assert len(_hits(a_rule(expression=expression), given=bare_facts())) == hits


def test_a_missing_value_leaves_a_rule_undecided_which_is_no_failure() -> None:
    unknown = facts(user_speed=nan)
    assert _hits(a_rule(expression="user_speed > 300"), given=unknown) == []
    assert _hits(a_rule(expression="!(user_speed > 300)"), given=unknown) == []
    assert _hits(a_rule(expression="!known(user_speed) || user_speed > 300"), given=unknown) == ["rule_a"]


def test_a_rule_that_fails_is_skipped_and_named() -> None:
    broken = a_rule("rule_broken", "distance_m > 700000 && amount_minor / (distance_m - 800000) > 3")
    found = CompiledRulebook(1, [broken, a_rule("rule_b")]).examine(facts(amount=9.0, distance_m=800_000))
    assert found.failed == ("rule_broken",)
    assert [hit.rule_id for hit in found.hits] == ["rule_b"]


def test_an_answer_that_is_no_truth_value_is_a_failure() -> None:
    odd = a_rule("rule_odd", "amount == 77 ? [1, 2][0] : amount > 1")
    found = CompiledRulebook(1, [odd]).examine(facts(amount=77.0))
    assert (found.failed, found.hits) == (("rule_odd",), ())


def test_a_rule_of_a_feature_that_is_gone_is_left_out() -> None:
    book = CompiledRulebook(1, [a_rule("rule_old", "card_moods_5m > 1"), a_rule("rule_b")])
    assert list(book.broken) == ["rule_old"]
    assert "there is no variable card_moods_5m" in book.broken["rule_old"]
    assert [hit.rule_id for hit in book.examine(facts(amount=9.0)).hits] == ["rule_b"]


def test_fields_and_e_mail_are_seen() -> None:
    rule = a_rule(
        expression="promo_id == 'promo_x' && email_hash != '' && pickup_lat < 41.0 && card_id == 'card_z'"
    )
    assert _hits(rule, given=facts(promo_id="promo_x", email_hash="emh_a", card_id="card_z"))
    assert not _hits(rule, given=facts(card_id="card_z"))


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (0.1, 0.1), (0.5, 0.5), (1.0, 1.0)])
def test_a_share_of_riders(share: float, expected: float) -> None:
    within = sum(in_share("rule_a", f"usr_{number}", share) for number in range(4_000))
    assert abs(within / 4_000 - expected) < 0.03


def test_a_growing_share_keeps_its_riders() -> None:
    riders = [f"usr_{number}" for number in range(500)]
    few, many = ({r for r in riders if in_share("rule_a", r, share)} for share in (0.2, 0.6))
    assert few < many


def test_shares_of_two_rules_are_independent() -> None:
    riders = [f"usr_{number}" for number in range(4_000)]
    both = sum(in_share("rule_a", r, 0.5) and in_share("rule_b", r, 0.5) for r in riders)
    assert abs(both / 4_000 - 0.25) < 0.03


def test_a_share_is_the_same_in_every_process() -> None:
    ask = "[in_share('rule_a', f'usr_{n}', 0.5) for n in range(64)]"
    code = f"from app.rules.rulebook import in_share; print({ask})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == str([in_share("rule_a", f"usr_{n}", 0.5) for n in range(64)])


def test_outside_its_share_a_live_rule_hits_without_acting() -> None:
    book = CompiledRulebook(1, [a_rule(share=0.5)])
    acted = {book.examine(facts(amount=9.0, user_id=f"usr_{n}")).hits[0].acted for n in range(40)}
    assert acted == {True, False}


def test_the_same_facts_give_the_same_findings_in_any_thread() -> None:
    book, found = CompiledRulebook(1, STARTER_RULES), []
    given = facts(device_cards_5m=5.0, card_failures_1h=7.0, card_payments_1h=8.0)
    threads = [threading.Thread(target=lambda: found.append(book.examine(given))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert found == [book.examine(given)] * 4
    assert [hit.rule_id for hit in found[0].hits] == ["rule_card_testing", "rule_many_cards_one_device"]


@pytest.mark.parametrize("rule", STARTER_RULES, ids=lambda rule: rule.rule_id)
def test_starter_rules_are_sound_and_leave_a_quiet_payment_alone(rule: Rule) -> None:
    check(rule)
    assert not _hits(rule, given=facts(account_age=400.0, user_since_new_device_login=9e6))
    assert not _hits(rule, given=facts(**dict.fromkeys(FEATURE_NAMES, nan)))


@pytest.mark.bench
def test_ten_rules_cost_little() -> None:
    rules = [
        a_rule(f"rule_{n}", " && ".join(f"{name} > 5.0" for name in FEATURE_NAMES[3 * n : 3 * n + 3]))
        for n in range(10)
    ]
    book = CompiledRulebook(1, rules)
    for name, value, most_us in (("all true", 7.0, 60), ("all false", 3.0, 30)):
        given = facts(**dict.fromkeys(FEATURE_NAMES, value))
        took_us = min(_took_us(book, given) for _ in range(20))
        print(f"10 rules of 3 variables, {name}: {took_us:.1f} us")  # noqa: T201 - a benchmark tells its figure
        assert took_us < most_us


def _took_us(book: CompiledRulebook, given: Facts) -> float:
    began = perf_counter()
    for _ in range(500):
        book.examine(given)
    return (perf_counter() - began) / 500 * 1e6

"""Rules tried on the ledger: what they would have caught, and whom they would have hurt."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from event_factories import NOW_MS
from ledger_rows import a_hit, add_decision, add_label, add_outcome
from rule_factories import a_rule

from app.requests import Place
from app.rules.backtest import (
    BackTest,
    Part,
    Period,
    Sample,
    back_test,
    count_decisions,
    facts_of,
    hits_among,
    newest_facts,
)
from app.rules.errors import RuleRefused
from domain.display import DAY_MS
from domain.events import from_ms
from domain.labels import Label
from domain.rules import Mode

Ledger = psycopg.Connection[Any]
DAY = Period(since=from_ms(NOW_MS - DAY_MS), until=from_ms(NOW_MS + DAY_MS))


@pytest.fixture
def ledger(conninfo: Callable[[str], str]) -> Iterator[Ledger]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def console(conninfo: Callable[[str], str]) -> Iterator[Ledger]:
    with psycopg.connect(conninfo("faregate_console"), autocommit=True) as connection:
        yield connection


def _tried(console: Ledger, expression: str = "amount >= 5", **given: Any) -> BackTest:
    options = {"now_ms": NOW_MS + DAY_MS, **given}
    return back_test(console, a_rule(expression=expression), DAY, **options)


def test_hits_are_told_apart_by_what_became_of_them(ledger: Ledger, console: Ledger) -> None:
    for amount, number in ((9.0, 2), (1.0, 1)):
        for _ in range(number):
            add_outcome(ledger, add_decision(ledger, amount=amount), "chargeback")
        add_label(ledger, add_decision(ledger, amount=amount), "good")
        add_decision(ledger, amount=amount)
    found = _tried(console)
    assert (found.decisions, found.hit_count) == (7, 4)
    assert {label: part.count for label, part in found.hits.items()} == {
        Label.FRAUD: 2,
        Label.GOOD: 1,
        Label.UNKNOWN: 1,
    }
    assert {label: part.count for label, part in found.all.items()} == {
        Label.FRAUD: 3,
        Label.GOOD: 2,
        Label.UNKNOWN: 2,
    }


def test_money_goes_with_them(ledger: Ledger, console: Ledger) -> None:
    for amount_minor in (700, 1_300):
        add_label(ledger, add_decision(ledger, amount=9.0, request={"amount_minor": amount_minor}), "fraud")
    assert _tried(console).hits[Label.FRAUD] == Part(count=2, amount_minor=2_000)


@pytest.mark.parametrize(
    ("outcomes", "labels", "label"),
    [
        (["chargeback"], ["good"], Label.FRAUD),
        (["captured"], ["fraud"], Label.FRAUD),
        (["captured"], ["fraud", "good"], Label.GOOD),
        (["captured"], [], Label.GOOD),
        ([], [], Label.UNKNOWN),
    ],
)
def test_which_word_holds(
    ledger: Ledger, console: Ledger, outcomes: list[str], labels: list[str], label: Label
) -> None:
    decision = add_decision(ledger, amount=9.0)
    for outcome in outcomes:
        add_outcome(ledger, decision, outcome)
    for after_s, said in enumerate(labels):
        add_label(ledger, decision, said, after_s)
    assert _tried(console, maturity_days=1).hits[label].count == 1


def test_a_captured_payment_is_good_only_when_it_is_old(ledger: Ledger, console: Ledger) -> None:
    add_outcome(ledger, add_decision(ledger, amount=9.0), "captured")
    assert _tried(console, maturity_days=2).hits[Label.UNKNOWN].count == 1


def test_overlap_with_verdicts_and_other_rules(ledger: Ledger, console: Ledger) -> None:
    add_decision(ledger, amount=9.0, verdict="decline", rules=[a_hit("rule_b"), a_hit("rule_a")])
    add_decision(
        ledger, amount=9.0, verdict="challenge", rules=[a_hit("rule_b"), a_hit("rule_c", acted=False)]
    )
    add_decision(ledger, amount=9.0, verdict="review")
    add_decision(ledger, amount=1.0, verdict="decline", rules=[a_hit("rule_b")])
    found = _tried(console)
    assert found.stopped_already == 2
    assert found.let_through[Label.UNKNOWN].count == 1
    assert found.overlap == {"rule_b": 2}


def test_only_the_period_counts_and_never_the_sandbox(ledger: Ledger, console: Ledger) -> None:
    for decided_at in (DAY.since, DAY.until, DAY.since - timedelta(seconds=1)):
        add_decision(ledger, amount=9.0, decided_at=decided_at)
    add_decision(ledger, amount=9.0, sandbox=True)
    assert _tried(console).decisions == count_decisions(console, DAY) == 1


def test_decisions_without_features_are_passed_over_unless_none_are_needed(
    ledger: Ledger, console: Ledger
) -> None:
    add_decision(ledger, vector=None, probability=None, rung="R2")
    add_decision(ledger, amount=9.0)
    found = _tried(console)
    assert (found.decisions, found.hit_count, found.passed_over) == (2, 1, 1)
    without = _tried(console, "amount_minor > 5")
    assert (without.hit_count, without.passed_over) == (2, 0)


def test_a_vector_of_another_catalogue_is_told(ledger: Ledger, console: Ledger) -> None:
    add_decision(ledger, vector=b"\0" * 8)
    found = _tried(console)
    assert (found.other_features, found.passed_over, found.hit_count) == (1, 1, 0)


def test_mode_share_and_expiry_do_not_matter(ledger: Ledger, console: Ledger) -> None:
    add_decision(ledger, amount=9.0)
    rule = a_rule(mode=Mode.DRAFT, share=0.0, expires_at_ms=1)
    assert back_test(console, rule, DAY, now_ms=NOW_MS).hit_count == 1


def test_a_failure_is_counted(ledger: Ledger, console: Ledger) -> None:
    add_decision(ledger, request={"distance_m": 800_000})
    expression = "distance_m > 700000 && amount_minor / (distance_m - 800000) > 3"
    assert _tried(console, expression).failed == 1


def test_what_does_not_compile_is_refused(console: Ledger) -> None:
    with pytest.raises(RuleRefused, match="rule_a: column 1: there is no variable amout"):
        _tried(console, "amout > 1")


def test_the_rule_sees_what_the_decision_saw(ledger: Ledger, console: Ledger) -> None:
    email = f"emh_{'b' * 52}"
    place = Place(zone="zone_q", lat=1.5, lon=2.5)
    add_decision(
        ledger, rating=4.5, probability=0.75,
        request={"email_hash": email, "promo_id": "promo_x", "pickup": place},
    )  # fmt: skip
    expression = (
        f"email_hash == '{email}' && promo_id == 'promo_x' && pickup_zone == 'zone_q' && pickup_lon == 2.5 "
        "&& rating == 4.5 && probability == 0.75"
    )
    assert _tried(console, expression).hit_count == 1


def test_facts_of_a_row_without_a_vector_have_no_features(ledger: Ledger) -> None:
    row = add_decision(ledger, vector=None)
    assert facts_of(row).features is None


def test_progress_is_told(ledger: Ledger, console: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rules.backtest.TOLD_EVERY", 2)
    for _ in range(5):
        add_decision(ledger)
    told: list[int] = []
    _tried(console, on_progress=told.append)
    assert told == [2, 4, 5]


def test_the_newest_hits_of_each_kind_are_a_sample(
    ledger: Ledger, console: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.rules.backtest.SAMPLE", 2)
    made = [
        add_decision(
            ledger, amount=9.0, decided_at=from_ms(NOW_MS + number), request={"amount_minor": 100 + number}
        )
        for number in range(3)
    ]
    add_label(ledger, made[0], "good")
    for decision in made[1:]:
        add_label(ledger, decision, "fraud")
    add_label(ledger, add_decision(ledger, amount=9.0, decided_at=from_ms(NOW_MS)), "fraud")
    samples = _tried(console).samples
    assert samples[Label.FRAUD] == [
        Sample(decision_id=made[number]["decision_id"], amount_minor=100 + number) for number in (2, 1)
    ]
    assert [sample.decision_id for sample in samples[Label.GOOD]] == [made[0]["decision_id"]]
    assert samples[Label.UNKNOWN] == []


def test_of_a_long_period_the_newest_are_read(ledger: Ledger, console: Ledger) -> None:
    for number in range(3):
        add_decision(ledger, amount=9.0, decided_at=from_ms(NOW_MS + 1_000 * number))
    found = _tried(console, most=2)
    assert (found.decisions, found.complete, found.oldest) == (2, False, from_ms(NOW_MS + 1_000))
    whole = _tried(console, most=3)
    assert (whole.decisions, whole.complete) == (3, True)
    assert (count_decisions(console, DAY), count_decisions(console, DAY, most=2)) == (3, 2)


def test_a_quick_look_at_the_newest(ledger: Ledger, console: Ledger) -> None:
    for amount in (9.0, 8.0, 1.0):
        add_decision(ledger, amount=amount)
    add_decision(ledger, amount=9.0, sandbox=True)
    past = newest_facts(console, 10)
    assert (len(past), hits_among(a_rule(), past)) == (3, 2)
    assert len(newest_facts(console, 2)) == 2
    with pytest.raises(RuleRefused, match="there is no variable amout"):
        hits_among(a_rule(expression="amout > 1"), past)

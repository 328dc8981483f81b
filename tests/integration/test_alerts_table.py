"""Alerts as the database makes and closes them, whoever writes to the ledger."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import psycopg
import pytest
from ledger_rows import a_hit, add_decision, add_label, add_outcome

from domain.cost import Costs
from domain.decision import Verdict

Owner = psycopg.Connection[Any]
AMOUNTS_MINOR = (1, 1_850, 99_999)
CHANCES = (0.0, 0.013, 0.5, 1.0)


@pytest.fixture
def owner(conninfo: Callable[[str], str]) -> Iterator[Owner]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


def alert(owner: Owner, decision: dict[str, Any]) -> dict[str, Any] | None:
    cursor = owner.cursor(row_factory=psycopg.rows.dict_row)
    return cursor.execute("select * from alerts where decision_id = %s", [decision["decision_id"]]).fetchone()


def still_to_lose(verdict: Verdict, chance: float, amount_minor: int) -> float:
    """What the cost function says, without what is spent whatever anybody does: a review that nobody makes
    lets the payment through, and a challenge has been sent."""
    costs = Costs()
    unseen = Verdict.APPROVE if verdict is Verdict.REVIEW else verdict
    spent = costs.challenge_minor if verdict is Verdict.CHALLENGE else 0
    fraud, honest = (costs.of(unseen, fraud=so).of(amount_minor) for so in (True, False))
    return chance * fraud + (1 - chance) * honest - spent


def test_money_at_risk_is_what_the_cost_function_says(owner: Owner) -> None:
    for verdict, chance, amount_minor in product(Verdict, CHANCES, AMOUNTS_MINOR):
        row = owner.execute("select money_at_risk(%s, %s, %s)", [verdict, chance, amount_minor]).fetchone()
        assert row
        assert row[0] == pytest.approx(still_to_lose(verdict, chance, amount_minor)), verdict


@pytest.mark.parametrize("verdict", [Verdict.REVIEW, Verdict.CHALLENGE, Verdict.DECLINE])
def test_whatever_is_not_approved_raises_an_alert(owner: Owner, verdict: Verdict) -> None:
    hits = [a_hit("rule_a"), a_hit("rule_b", acted=False)]
    decision = add_decision(owner, verdict=verdict, probability=0.25, amount_minor=2_000, rules=hits)
    raised = alert(owner, decision)
    assert raised
    assert raised["rule_ids"] == ["rule_a"]
    assert raised["chance"] == 0.25
    assert raised["at_risk_minor"] == round(still_to_lose(verdict, 0.25, 2_000))
    assert raised["worth"] == pytest.approx(still_to_lose(verdict, 0.25, 2_000) / raised["review_minutes"])
    assert (raised["revision"], raised["closed_at"], raised["assignee"]) == (0, None, None)


def test_without_a_model_the_score_stands_for_the_chance(owner: Owner) -> None:
    raised = alert(owner, add_decision(owner, verdict="review", probability=None, rung="R2"))
    assert raised
    assert raised["chance"] == pytest.approx(1 / (1 + 2 ** ((50 - raised["score"]) / 7)))


def test_approvals_and_tests_of_the_sandbox_raise_none(owner: Owner) -> None:
    assert alert(owner, add_decision(owner, verdict="approve")) is None
    assert alert(owner, add_decision(owner, verdict="decline", sandbox=True)) is None


@pytest.mark.parametrize(
    ("label", "resolution"), [("fraud", "fraud"), ("good", "good"), ("unknown", "cannot_tell")]
)
def test_a_word_through_the_api_closes_the_case(owner: Owner, label: str, resolution: str) -> None:
    decision = add_decision(owner, verdict="review")
    add_label(owner, decision, label)
    closed = alert(owner, decision)
    assert closed
    assert (closed["resolution"], closed["closed_by"], closed["revision"]) == (resolution, "ana", 1)
    add_label(owner, decision, "fraud", after_s=2)
    assert alert(owner, decision) == closed, "a later word leaves a closed case as it is"


def test_a_chargeback_closes_the_case_and_other_outcomes_do_not(owner: Owner) -> None:
    decision = add_decision(owner, verdict="review")
    add_outcome(owner, decision, "captured")
    still_open = alert(owner, decision)
    assert still_open
    assert still_open["closed_at"] is None
    add_outcome(owner, decision, "chargeback")
    closed = alert(owner, decision)
    assert closed
    assert (closed["resolution"], closed["closed_by"]) == ("fraud", "chargeback")


def test_the_api_raises_and_closes_alerts_without_any_right_to_them(
    owner: Owner, conninfo: Callable[[str], str]
) -> None:
    with psycopg.connect(conninfo("faregate_api"), autocommit=True) as api:
        decision = add_decision(api, verdict="decline")
        add_label(api, decision, "good")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            api.execute("select from alerts")
    closed = alert(owner, decision)
    assert closed
    assert closed["resolution"] == "good"


def test_the_console_changes_where_a_case_stands_and_nothing_else(conninfo: Callable[[str], str]) -> None:
    with psycopg.connect(conninfo("faregate_console"), autocommit=True) as console:
        console.execute("update alerts set assignee = 'ana'")
        for forbidden in (
            "update alerts set worth = 0",
            "delete from alerts",
            "update audit_trail set person_id = 'ben'",
            "delete from audit_trail",
            "update people set role = 'admin'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                console.execute(forbidden)

"""A rule being written: told live what is wrong or what it would hit, tried, and kept."""

import pytest
from rule_factories import a_rule
from rules_factories import ANA, LOU, NOW, NotingDesk, a_back_test, a_source, a_view
from rules_runs import keys, run, text
from streamlit.testing.v1 import AppTest

from app.rules.errors import RuleRefused
from app.rules.expression import FUNCTIONS
from app.rules.variables import VARIABLES
from dashboard.reading import ReadingsUnavailable
from dashboard.views.rules import wording
from dashboard.views.rules.words import words
from domain.rules import Action, Mode

NEW = "new-"
OLD = "rule_a@1"


def write(test: AppTest, expression: str, seed: str = NEW) -> AppTest:
    return test.text_area(key=f"box_{seed}").set_value(expression).run()


def test_a_new_rule_is_written_and_kept_as_a_draft() -> None:
    desk = NotingDesk()
    test = run(a_source(desk=desk), ANA, new="1")
    assert "Write what must be true of a payment." in text(test)
    write(test, "amount >= 5")
    assert "It would have hit 5 of the last 10 decisions." in text(test)
    assert "Give it an id, such as rule_airport_rush." in text(test)
    test.text_input(key=f"id_{NEW}").set_value("rule_rush").run()
    test.text_input(key=f"why_{NEW}").set_value("seen on Friday")
    test.button(key=f"save_{NEW}").click().run()
    [(name, [rule], given)] = desk.deeds
    assert (name, given) == ("add", {"why": "seen on Friday"})
    assert (rule.rule_id, rule.expression, rule.action, rule.owner) == (
        "rule_rush",
        "amount >= 5",
        Action.REVIEW,
        "ana",
    )
    assert "is kept: version 1, draft." in text(test)


def test_what_is_wrong_is_said_where_it_is_and_the_text_stays() -> None:
    test = write(run(a_source(), new="1"), "amount > 1 &&\n card_failure_1h > 2")
    assert "Line 2, column 2: there is no variable card_failure_1h; did you mean card_failures_1h?" in text(
        test
    )
    assert test.text_area(key=f"box_{NEW}").value == "amount > 1 &&\n card_failure_1h > 2"
    assert keys(test) == set()


@pytest.mark.parametrize(("rule_id", "told"), [("rush", "is no id for a rule"), ("rule_" + "a" * 40, None)])
def test_an_id_is_checked_before_it_is_kept(rule_id: str, told: str | None) -> None:
    test = write(run(a_source(), new="1"), "amount >= 5")
    test.text_input(key=f"id_{NEW}").set_value(rule_id).run()
    assert (f"save_{NEW}" in keys(test)) == (told is None)
    assert told is None or told in text(test)


def test_points_are_asked_for_only_where_they_belong() -> None:
    test = write(run(a_source(), new="1"), "amount >= 5")
    assert [field.label for field in test.number_input] == ["Priority"]
    test.button_group(key=f"action_{NEW}").set_value(Action.ADD_SCORE).run()
    assert [field.label for field in test.number_input] == ["Points", "Priority"]


def test_a_rule_is_tried_before_it_is_kept() -> None:
    rule = a_rule("rule_rush", mode=Mode.DRAFT)
    kept = a_back_test(rule, since=NOW, run_by="ana")
    test = write(run(a_source(back_tests=lambda _: [kept]), ANA, new="1"), "amount >= 5")
    assert "As soon as the rule is complete" in text(test)
    test.text_input(key=f"id_{NEW}").set_value("rule_rush").run()
    assert "try_rule_rush" in keys(test)
    assert "of 20,000 decisions" in text(test)
    write(test, "amount >= 6")
    assert "of 20,000 decisions" not in text(test), "it is of another expression"


def test_a_back_test_that_is_refused_says_why() -> None:
    def busy(*_: object) -> None:
        raise RuleRefused("another back-test is running; it takes seconds: try again")

    test = run(a_source(a_view(), back_test=busy), LOU, rule="rule_a", edit="1")
    test.button(key="try_rule_a").click().run()
    assert "Another back-test is running; it takes seconds: try again." in text(test)


def test_a_change_names_what_changed_and_the_version_that_was_looked_at() -> None:
    desk = NotingDesk()
    test = run(a_source(a_view(a_rule()), desk=desk), LOU, rule="rule_a", edit="1")
    assert f"save_{OLD}" not in keys(test), "nothing was changed"
    test.text_input(key=f"note_{OLD}").set_value("of Friday").run()
    assert test.button(key=f"save_{OLD}").label == "Keep"
    write(test, "amount >= 50", OLD)
    assert test.button(key=f"save_{OLD}").label == "Keep, and send back to shadow"
    test.button(key=f"save_{OLD}").click().run()
    [(name, args, given)] = desk.deeds
    assert (name, args) == ("change", ("rule_a",))
    assert given == {"why": "", "as_of": 1, "expression": "amount >= 50", "note": "of Friday"}


def test_an_analyst_may_only_look_at_what_acts() -> None:
    test = run(a_source(a_view(a_rule())), ANA, rule="rule_a", edit="1")
    assert "Only a lead may change a rule that is in shadow or live." in text(test)
    write(test, "amount >= 50", OLD)
    assert f"save_{OLD}" not in keys(test)


def test_a_copy_begins_with_the_text_of_another() -> None:
    test = run(a_source(a_view(a_rule())), ANA, new="1", **{"from": "rule_a"})
    assert test.text_area(key="box_new-rule_a").value == "amount >= 5"


def test_without_the_ledger_the_rule_is_still_read() -> None:
    def away() -> list[object]:
        raise ReadingsUnavailable("The database does not answer.")

    test = write(run(a_source(recent=away), new="1"), "amount >= 5")
    assert "It reads well." in text(test)


def test_everything_that_can_be_written_is_told() -> None:
    told = {word.name: word for word in words()}
    assert told.keys() == VARIABLES | FUNCTIONS
    assert told["card_payments_5m"].says == "payments on this card within 5 minutes: …"
    assert (told["amount"].unit, told["known"].insert) == ("minor units", "known(")
    assert all(word.says and word.unit for word in told.values())


def test_refusals_are_sentences() -> None:
    refusal = RuleRefused("rule_a: column 1: there is no variable amout; did you mean amount?")
    assert wording.sentence(refusal, "rule_a").startswith("Column 1: there is no variable")
    assert wording.sentence(RuleRefused("rule_a is so already: nothing was changed")).startswith(
        "rule_a is so"
    )

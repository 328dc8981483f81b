"""One rule: what is shown of it, and what whom it lets do."""

import pytest
from rule_factories import a_rule
from rules_factories import ANA, LOU, NotingDesk, a_back_test, a_proposal, a_source, a_view, ago
from rules_runs import keys, run, text

from app.desk.errors import CaseChanged
from app.desk.people import Person, Role
from app.rules.back_test_store import KeptBackTest
from app.rules.backtest import Period
from app.rules.errors import RuleRefused
from dashboard.views.rules import rule_view
from dashboard.views.rules.deeds import may_not_approve
from dashboard.views.rules.source import Progress, RuleView
from domain.rules import Mode, Rule

MAX = Person(person_id="max", name="Max", role=Role.LEAD)


def test_a_rule_its_standing_and_its_back_test_are_shown() -> None:
    shown = text(run(a_source(a_view()), rule="rule_a"))
    for piece in (
        "<h2>rule_a</h2>", "amount &gt;= 5", "aria-current=step>Shadow", "Written by", "75.0 %",
        "of 20,000 decisions", "of 98 known, $120.00", "rule_b acted on 4 of them",
        "/case?decision=dec_fraudulent_one", "$42.00", "changed 3 d ago", "seen",
    ):  # fmt: skip
        assert piece in shown, piece


def test_an_unknown_rule_is_a_sentence() -> None:
    assert "There is no rule rule_x." in text(run(a_source(a_view()), rule="rule_x"))


def test_an_analyst_proposes_what_was_back_tested() -> None:
    desk = NotingDesk()
    test = run(a_source(a_view(), desk=desk), ANA, rule="rule_a")
    assert keys(test) == {"propose", "try_rule_a"}
    assert "Leads put rules in shadow and retire them." in text(test)
    test.slider(key="propose_share").set_value(20)
    test.text_input(key="propose_why").set_value("cards from a list")
    test.button(key="propose").click().run()
    assert desk.deeds == [("propose", ("rule_a", 0.2, "bt_a"), {"why": "cards from a list"})]
    assert "rule_a is proposed for 20 % of riders" in text(test)


@pytest.mark.parametrize("run_at", [ago(days=8), None])
def test_without_a_back_test_of_late_nothing_is_proposed(run_at: object) -> None:
    view = a_view(back_tests=[a_back_test(a_rule(), run_at=run_at)] if run_at else [])
    test = run(a_source(view), LOU, rule="rule_a")
    assert keys(test) == {"try_rule_a", "retire"}
    assert "it needs a back-test of the last seven days" in text(test)


def test_a_back_test_is_run_and_shown() -> None:
    asked: list[float] = []

    def back_test(rule: Rule, period: Period, tell: Progress) -> KeptBackTest:
        tell(1.0, 20_000)
        asked.append((period.until - period.since).days)
        return a_back_test(rule)

    test = run(a_source(a_view(back_tests=[]), back_test=back_test), ANA, rule="rule_a")
    assert "It was not back-tested as it is now." in text(test)
    test.button(key="try_rule_a").click().run()
    assert asked == [7]


def test_a_second_person_answers() -> None:
    desk = NotingDesk()
    test = run(a_source(a_view(proposals=[a_proposal()]), desk=desk), LOU, rule="rule_a")
    assert {"approve", "refuse"} <= keys(test)
    assert "cards from a &lt;list&gt;" in text(test)
    test.text_input(key="answer_why").set_value("I looked")
    test.button(key="approve").click().run()
    assert desk.deeds == [("answer", ("prop_a", True), {"why": "I looked"})]
    assert "rule_a is live now." in text(test)


def test_who_proposed_it_can_take_it_back() -> None:
    desk = NotingDesk()
    test = run(a_source(a_view(proposals=[a_proposal()]), desk=desk), ANA, rule="rule_a")
    assert keys(test) == {"refuse", "try_rule_a"}
    assert "You proposed it: a second person, a lead, must approve." in text(test)
    test.button(key="refuse").click().run()
    assert desk.deeds == [("answer", ("prop_a", False), {"why": ""})]


@pytest.mark.parametrize(
    ("person", "author", "proposed_by", "told"),
    [
        (LOU, "ana", "ben", None),
        (LOU, "lou", "ben", "You wrote it as it is now"),
        (MAX, "lou", "max", "You proposed it"),
        (ANA, "lou", "ben", "A lead must approve it."),
    ],
)
def test_who_may_approve(person: Person, author: str, proposed_by: str, told: str | None) -> None:
    why_not = may_not_approve(person, author, a_proposal(proposed_by=proposed_by))
    assert why_not is None if told is None else str(why_not).startswith(told)


def test_a_live_rule_is_lowered_shadowed_or_retired_by_a_lead() -> None:
    desk = NotingDesk()
    test = run(a_source(a_view(a_rule()), desk=desk), LOU, rule="rule_a")
    assert keys(test) == {"try_rule_a", "shadow", "retire", "lower"}
    assert "It acts on all riders." in text(test)
    test.slider(key="lower_share").set_value(10).run()
    test.button(key="lower").click().run()
    test.button(key="retire").click().run()
    assert desk.deeds == [("lower_share", ("rule_a", 0.1), {}), ("retire", ("rule_a",), {})]


@pytest.mark.parametrize(
    "refusal",
    [RuleRefused("rule_a was changed since: back-test and propose again"), CaseChanged("Too late.")],
)
def test_a_refusal_is_said_and_nothing_typed_is_lost(refusal: Exception) -> None:
    test = run(a_source(a_view(proposals=[a_proposal()]), desk=NotingDesk(refusal)), LOU, rule="rule_a")
    test.text_input(key="answer_why").set_value("I looked")
    test.button(key="approve").click().run()
    assert str(refusal).rstrip(".") in text(test)
    assert test.text_input(key="answer_why").value == "I looked"


def test_steps_tell_where_a_rule_has_been() -> None:
    def steps(mode: Mode, **given: object) -> tuple[str, set[str]]:
        return rule_view.steps_of(a_view(a_rule(mode=mode), **given))

    assert steps(Mode.DRAFT) == ("Draft", set())
    assert steps(Mode.SHADOW) == ("Shadow", {"Draft"})
    assert steps(Mode.DRAFT, proposals=[a_proposal()]) == ("Proposed", {"Draft"})
    assert steps(Mode.SHADOW, proposals=[a_proposal()]) == ("Proposed", {"Draft", "Shadow"})
    assert steps(Mode.LIVE, proposals=[a_proposal(approved=True)]) == ("Live", {"Draft", "Proposed"})


def test_answers_are_told_in_words() -> None:
    shown = rule_view.answers(
        [
            a_proposal(),
            a_proposal(holds=False),
            a_proposal(approved=True, answered_by="lou"),
            a_proposal(approved=False, answered_by="lou"),
            a_proposal(approved=False, answered_by="ana"),
        ]
    )
    for piece in ("waits", "the rule was changed since", "approved by lou", "refused by lou", "taken back"):
        assert f"<td>{piece}</td>" in shown


def test_a_view_names_the_back_test_that_a_proposal_may_name() -> None:
    rule = a_rule(mode=Mode.SHADOW)
    old, other = a_back_test(rule, run_at=ago(days=8)), a_back_test(a_rule(expression="amount > 7"))
    view: RuleView = a_view(rule, back_tests=[other, old])
    assert view.tried(ago()) is None
    assert view.waiting is None

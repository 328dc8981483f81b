"""The list of rules: what it shows, and how it is narrowed."""

from rule_factories import a_rule
from rules_factories import NOW, a_proposal, a_source, parts, some_standings
from rules_runs import run, text

from app.rules.standing import Standing, Standings
from dashboard.reading import ReadingsUnavailable
from dashboard.views.rules import list_view
from dashboard.views.rules.list_page import Wanted, matching
from dashboard.views.rules.source import RulesView
from domain.rules import Action, Mode

RULES = [
    a_rule("rule_draft", mode=Mode.DRAFT, priority=99),
    a_rule("rule_low", priority=1, note="harbour at night"),
    a_rule("rule_high", priority=9, expression="card_failures_1h >= 5"),
    a_rule("rule_shadow", mode=Mode.SHADOW),
]


def wanted(state: str = "All", words: str = "") -> Wanted:
    return Wanted(state=state, words=words, days=30)


def ids(state: str = "All", words: str = "") -> list[str]:
    view = RulesView(rules=RULES, waiting=[a_proposal(rule_id="rule_shadow")])
    return [rule.rule_id for rule in matching(view, wanted(state, words))]


def test_live_rules_come_first_and_the_highest_of_them() -> None:
    assert ids() == ["rule_high", "rule_low", "rule_shadow", "rule_draft"]


def test_rules_are_found_by_state_and_by_words() -> None:
    assert ids("Live") == ["rule_high", "rule_low"]
    assert ids("Waiting") == ["rule_shadow"]
    assert ids("Draft") == ["rule_draft"]
    assert ids(words="HARBOUR low") == ["rule_low"]
    assert ids(words="card_failures") == ["rule_high"]
    assert ids("Draft", "harbour") == []


def test_a_row_says_what_a_rule_is_worth() -> None:
    standing = Standing(hits=parts(3, 1, 2), overlap={"rule_b": 3}, failures=7)
    shown = list_view.table([a_rule(expression="amount < 5")], some_standings(rule_a=standing), {}, NOW)
    for piece in ("75.0 %", "7.5 %", "50%", ">b<", "failed 7 times", "9 d", "changed 3 d", "$10.00"):
        assert piece in shown
    assert "amount &lt; 5" in shown
    assert "3 fraud, 1 good riders, 2 not known yet" in shown


def test_a_rule_without_a_past_has_dashes() -> None:
    rule = a_rule("rule_new", mode=Mode.SHADOW, expires_at_ms=1, action=Action.ADD_SCORE, points=-7)
    shown = list_view.table([rule], some_standings(), {"rule_new": a_proposal()}, NOW)
    for piece in (">new<", ">ended<", "proposed, 25%", "adds -7 to the score"):
        assert piece in shown


def test_the_page_lists_rules_and_says_which_wait() -> None:
    waiting = [a_proposal(rule_id=f"rule_{number}") for number in range(7)]
    shown = text(run(a_source(rules=lambda: RulesView(rules=RULES, waiting=waiting))))
    assert "and 2 more wait for a second person." in shown
    assert "rule_high" in shown
    assert "Of the last 30 days: 40 known frauds, $900.00." in shown
    assert "New rule" in shown


def test_the_address_says_what_is_shown() -> None:
    asked: list[int] = []

    def standings(days: int) -> Standings:
        asked.append(days)
        return some_standings()

    source = a_source(rules=lambda: RulesView(rules=RULES, waiting=[]), standings=standings)
    test = run(source, state="Shadow", days="7 days", search="rule")
    assert "rule_shadow" in text(test)
    assert "rule_high" not in text(test)
    assert asked == [7]


def test_nothing_found_and_nothing_there_say_what_to_do() -> None:
    assert "No rule is like that." in text(run(a_source(), search="nothing like it"))
    assert "Write the first one" in text(run(a_source(rules=lambda: RulesView(rules=[], waiting=[]))))


def test_a_lost_database_is_a_sentence_in_the_list() -> None:
    def away() -> RulesView:
        raise ReadingsUnavailable("The database does not answer.")

    assert "The database does not answer." in text(run(a_source(rules=away)))

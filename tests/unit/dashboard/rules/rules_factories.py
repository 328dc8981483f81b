"""Rules pages from memory: sources from defaults, and a desk that notes what it is asked to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st
from rule_factories import a_rule, facts

from app.desk.people import Person, Role
from app.rules.back_test_store import KeptBackTest
from app.rules.backtest import BackTest, Part, Sample
from app.rules.proposals import Proposal
from app.rules.standing import Life, Standing, Standings
from app.rules.store import RuleVersion
from dashboard.views.rules.source import RulesView, RuleView, Source
from domain.labels import Label
from domain.rules import Mode, Rule

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
ANA = Person(person_id="ana", name="Ana", role=Role.ANALYST)
LOU = Person(person_id="lou", name="Lou", role=Role.LEAD)


def ago(**given: float) -> datetime:
    return NOW - timedelta(**given)


def parts(fraud: int = 0, good: int = 0, unknown: int = 0) -> dict[Label, Part]:
    counts = {Label.FRAUD: fraud, Label.GOOD: good, Label.UNKNOWN: unknown}
    return {label: Part(count=number, amount_minor=number * 1_000) for label, number in counts.items()}


def a_back_test(rule: Rule, **given: Any) -> KeptBackTest:
    result = BackTest(
        rule=rule.rule_id, decisions=20_000, all=parts(98, 900, 19_002), hits=parts(12, 3, 5),
        let_through=parts(7, 3, 5), stopped_already=5, overlap={"rule_b": 4},
        samples={Label.FRAUD: [Sample(decision_id="dec_fraudulent_one", amount_minor=4_200)]},
    )  # fmt: skip
    defaults: dict[str, Any] = {
        "back_test_id": "bt_a",
        "rule_id": rule.rule_id,
        "expression": rule.expression,
        "action": rule.action,
        "since": ago(days=7),
        "until": NOW,
        "result": result,
        "run_by": "ana",
        "run_at": ago(hours=2),
    }
    return KeptBackTest(**{**defaults, **given})


def a_proposal(**given: Any) -> Proposal:
    defaults: dict[str, Any] = {
        "proposal_id": "prop_a",
        "rule_id": "rule_a",
        "rule_version": 1,
        "share": 0.25,
        "back_test_id": "bt_a",
        "proposed_by": "ana",
        "why": "cards from a <list>",
        "proposed_at": ago(hours=1),
        "answered_by": None,
        "answered_at": None,
        "approved": None,
        "answer_why": "",
        "holds": True,
    }
    return Proposal(**{**defaults, **given})


def a_view(rule: Rule | None = None, **given: Any) -> RuleView:
    rule = rule or a_rule(mode=Mode.SHADOW)
    version = RuleVersion(rule=rule, rulebook_version=3, changed_by="ana", changed_at=ago(days=3), why="seen")
    defaults: dict[str, Any] = {
        "rule": rule,
        "author": "ana",
        "history": [version],
        "back_tests": [a_back_test(rule)],
        "proposals": [],
    }
    return RuleView(**{**defaults, **given})


def some_standings(**rules: Standing) -> Standings:
    return Standings(
        since=ago(days=30),
        frauds=Part(count=40, amount_minor=90_000),
        complete=True,
        rules=rules,
        lives={
            "rule_a": Life(
                made_at=ago(days=9), changed_at=ago(days=3), changed_by="ana", expression_version=1
            )
        },
    )


class NotingDesk:
    """Notes each deed, and gives a rule back or raises what it was told to."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.deeds: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self._refusal = refusal

    def do(self, deed: Callable[[Any], Any]) -> Any:
        return deed(self)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def note(*args: Any, **given: Any) -> Rule:
            if self._refusal:
                raise self._refusal
            self.deeds.append((name, args, given))
            return a_rule(mode=Mode.DRAFT)

        return note


def written(expression: str, *, seed: str) -> str:
    """In place of the browser's box."""
    return st.text_area("Expression", value=expression, key=f"box_{seed}")


def a_source(view: RuleView | None = None, *, desk: NotingDesk | None = None, **given: Any) -> Source:
    rules = [view.rule] if view else [a_rule()]
    defaults: dict[str, Any] = {
        "rules": lambda: RulesView(rules=rules, waiting=[]),
        "standings": lambda _: some_standings(rule_a=Standing(hits=parts(3, 1, 2), acted=2)),
        "rule": lambda rule_id: view if view and rule_id == view.rule.rule_id else None,
        "back_tests": lambda _: view.back_tests if view else [],
        "recent": lambda: [facts(amount=number) for number in range(10)],
        "back_test": lambda rule, _, tell: (tell(0.5, 500), a_back_test(rule))[1],
        "do": (desk or NotingDesk()).do,
        "write": written,
        "now": lambda: NOW,
    }
    return Source(**{**defaults, **given})

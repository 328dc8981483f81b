"""The dial's logic, run without a browser on payments from memory."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from dial_page_factories import OWN, a_period, a_standing, some_past
from streamlit.testing.v1 import AppTest

from app.desk.errors import DeskUnavailable, NotAllowed
from app.desk.people import Person, Role
from app.policies.store import PolicyChanged
from dashboard.reading import ReadingsUnavailable
from dashboard.views.dial.page import Source
from dashboard.views.dial.readings import Period, Standing
from dashboard.views.dial.scale import Scale, position_of
from domain.policy import Policy
from scoring.dial.optimum import optimum
from scoring.dial.setting import Setting

LEA = Person(person_id="lea", name="Lea", role=Role.LEAD)
ANA = Person(person_id="ana", name="Ana", role=Role.ANALYST)
SET = Policy(version=41, review=0.1, challenge=0.4, decline=0.8, reviews_a_day=40)
PERIOD = a_period()
Run = Callable[..., AppTest]


def page(source: object, person: object) -> None:
    from dashboard.views.dial import page as view

    view.show(source, person)


class World:
    """What the page reads, and what it was asked to put in force."""

    def __init__(self) -> None:
        self.standing = a_standing()
        self.period = PERIOD
        self.refuses: Exception | None = None
        self.applied: list[tuple[Policy, dict[str, Any]]] = []
        self.asked_days: list[int] = []

    def source(self) -> Source:
        return Source(
            standing=self._standing,
            period=self._period,
            best=best,
            apply=self._apply,
            read_again=lambda: None,
        )

    def _standing(self) -> Standing:
        return self.standing

    def _period(self, days: int) -> Period:
        self.asked_days.append(days)
        return self.period

    def _apply(self, policy: Policy, **how: Any) -> int:
        if self.refuses:
            raise self.refuses
        self.applied.append((policy, how))
        return 42


def best(period: Period, scale: Scale, reviews_a_day: float | None) -> Setting:
    assert period.past is not None
    return optimum(period.past, scale.cuts, reviews_a_day=reviews_a_day)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def run(world: World) -> Run:
    def shown(person: Person = LEA, **query: str) -> AppTest:
        test = AppTest.from_function(page, args=(world.source(), person), default_timeout=30)
        for name, value in query.items():
            test.query_params[name] = value
        test.run()
        assert not test.exception
        return test

    return shown


def text(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def button(test: AppTest, label: str) -> Any:
    return next(each for each in test.button if each.label.startswith(label))


def stands(test: AppTest) -> list[int]:
    return [test.select_slider(key=f"dial_{name}").value for name in ("review", "challenge", "decline")]


def test_the_dial_begins_at_the_present_setting(run: Run) -> None:
    test = run()
    shown = text(test)
    assert stands(test) == [30, 50, 70]
    for piece in (
        "Net money saved a day",
        "Each model goes by its own thresholds; the present ones are those of mdl_a, the champion.",
        "1,500 payments of 5 d: 120 known frauds",
        "Your setting is the present one",
        "No policy was ever set",
    ):
        assert piece in shown
    assert button(test, "Apply").disabled
    assert button(test, "Back to the model").disabled


def test_the_period_stands_in_the_address(run: Run, world: World) -> None:
    run(days="90 days")
    assert world.asked_days == [90]


def test_a_slider_takes_along_those_that_it_passes_and_says_what_changes(run: Run) -> None:
    test = run()
    test.select_slider(key="dial_decline").set_value(45).run()
    assert stands(test) == [30, 45, 45]
    shown = text(test)
    assert "Your setting: about" in shown
    assert "honest riders stopped a day" in shown
    assert not button(test, "Apply").disabled
    button(test, "Reset to present").click().run()
    assert stands(test) == [30, 50, 70]


def test_the_optimal_is_taken_under_the_capacity(run: Run) -> None:
    test = run()
    test.select_slider(key="dial_capacity").set_value(0).run()
    button(test, "Take the optimal").click().run()
    wanted = best(PERIOD, Scale(present=OWN), 0.0).thresholds
    assert stands(test) == [position_of(cut) for cut in (wanted.review, wanted.challenge, wanted.decline)]
    assert button(test, "Take the optimal").disabled


def test_both_charts_follow_the_chosen_slider(run: Run) -> None:
    test = run()
    test.button_group(key="dial_along").set_value("reviews a day").run()
    assert not test.exception
    saved, loss = (json.loads(chart.proto.spec) for chart in test.get("vega_lite_chart"))
    assert (saved["title"]["text"], loss["title"]["text"]) == ("Net money saved a day", "Fraud loss a day")
    assert saved["layer"][0]["encoding"]["x"]["title"] == "reviews a day"


def test_a_lead_says_why_and_puts_it_in_force(run: Run, world: World) -> None:
    test = run()
    test.select_slider(key="dial_decline").set_value(60).run()
    button(test, "Apply").click().run()
    assert "Decline begins at score 60 (72.9 %) instead of 70 (87.9 %)." in text(test)
    button(test, "Put in force").click().run()
    assert "Say why" in text(test)
    assert world.applied == []
    test.text_area(key="dial_why").set_value("losses on Friday")
    button(test, "Put in force").click().run()
    [(policy, how)] = world.applied
    assert policy.review == OWN.review  # exactly, not as the slider shows it
    assert policy.decline == pytest.approx(0.729, abs=0.001)
    assert policy.reviews_a_day is None
    assert (how["instead_of"], how["person_id"], how["why"]) == (0, "lea", "losses on Friday")
    assert (how["evidence"]["frauds_known"], how["evidence"]["days"]) == (120, 30)
    assert len(how["key"]) == 32
    assert "Policy 42 is in force." in text(test)


@pytest.mark.parametrize(
    "refused",
    [
        PolicyChanged("Bob set policy 41 a minute ago: nothing was changed."),
        NotAllowed("Only a lead may do this."),
        DeskUnavailable("The database does not answer."),
    ],
)
def test_a_refusal_is_a_sentence_and_what_was_typed_stays(run: Run, world: World, refused: Exception) -> None:
    world.refuses = refused
    test = run()
    test.select_slider(key="dial_decline").set_value(60).run()
    button(test, "Apply").click().run()
    test.text_area(key="dial_why").set_value("losses on Friday")
    button(test, "Put in force").click().run()
    assert str(refused) in text(test)
    assert test.text_area(key="dial_why").value == "losses on Friday"


def test_a_policy_in_force_is_the_present_and_can_be_cleared(run: Run, world: World) -> None:
    world.standing = a_standing(SET)
    test = run()
    assert test.select_slider(key="dial_capacity").value == 40
    shown = text(test)
    assert "Policy 41 is in force, set by lea at 2026-11-27 12:03:11 UTC." in shown
    assert "<td class='fg-number'>+$340</td>" in shown
    button(test, "Back to the model").click().run()
    assert "Decline begins at score 70 (87.9 %) instead of 64 (80.0 %)." in text(test)
    test.text_area(key="dial_why").set_value("a new champion")
    button(test, "Put in force").click().run()
    [(policy, how)] = world.applied
    assert (policy, how["instead_of"]) == (Policy(), 41)


def test_more_reviews_alone_leave_each_model_its_thresholds(run: Run, world: World) -> None:
    test = run()
    test.select_slider(key="dial_capacity").set_value(0).run()
    button(test, "Apply").click().run()
    test.text_area(key="dial_why").set_value("holidays")
    button(test, "Put in force").click().run()
    assert world.applied[0][0] == Policy(reviews_a_day=0)


def test_an_analyst_may_look_and_not_apply(run: Run) -> None:
    test = run(ANA)
    test.select_slider(key="dial_decline").set_value(60).run()
    assert button(test, "Apply").disabled


def test_few_frauds_and_no_payments_say_what_is_missing(run: Run, world: World) -> None:
    world.period = a_period(past=some_past(300, 12))
    test = run()
    assert "12 frauds are known of this period: too few to set thresholds by" in text(test)
    assert len(test.select_slider) == 4
    world.period = a_period(past=None, left_out={"decided without a model": 7})
    test = run()
    assert "No payment that a model decided is in the ledger of the last 30 days." in text(test)
    assert not test.select_slider


def test_a_lost_database_is_a_sentence(run: Run, world: World) -> None:
    def away() -> Standing:
        raise ReadingsUnavailable("The database does not answer. See `faregate status`.")

    world._standing = away  # type: ignore[method-assign]
    assert "See <code>faregate status</code>." in text(run())

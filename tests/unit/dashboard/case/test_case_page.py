"""The page's logic, run without a browser on values from memory."""

from collections.abc import Callable
from typing import Any

import pytest
from case_factories import (
    LEA,
    FakeCases,
    a_case,
    a_closed_case,
    a_payment,
    a_source,
    a_standing,
    a_subject,
    ago,
    an_approval,
    an_around,
    an_earlier_ride,
    as_case,
)
from streamlit.testing.v1 import AppTest

from app.desk.case_state import Block, Resolution
from app.desk.errors import CaseChanged, DeskUnavailable
from dashboard.reading import ReadingsUnavailable
from domain.display import MINUTE_MS

Run = Callable[..., AppTest]


def page(source: object, person: object) -> None:
    from dashboard.views.case import page as view

    view.show(source, person)  # type: ignore[arg-type]


@pytest.fixture
def run() -> Run:
    def shown(*, decision: str | None = "dec_b", **given: Any) -> AppTest:
        test = AppTest.from_function(page, args=(a_source(**given), LEA), default_timeout=30)
        if decision:
            test.query_params["decision"] = decision
        test.run()
        assert not test.exception
        return test

    return shown


def text(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def press(test: AppTest, label: str) -> AppTest:
    next(button for button in test.button if button.label == label).click().run()
    assert not test.exception
    return test


def opened(test: AppTest) -> str:
    """The case that the address names: what the page sets comes back as a list."""
    named = test.query_params["decision"]
    return named if isinstance(named, str) else named[0]


def test_one_screen_answers_whether_it_was_fraud(run: Run) -> None:
    way = an_earlier_ride(as_of_ms=a_subject().as_of_ms - 6 * MINUTE_MS)
    around = an_around(
        before=way,
        similar=[a_closed_case()],
        payments=[a_payment(), a_payment(decision_id="dec_x", user_id="usr_x")],
    )
    shown = text(run(around=lambda _: around))
    for piece in (
        "$84.20",
        "61.0 % fraud",
        "$66.60",
        "due in 25 min",
        "Open: nobody works on it",
        "6 payments on this card within 5 minutes.",
        "half of the last 2 payments",
        "1 other rider among them",
        "fraud: stolen card",
        "The ride is 6.2 km.",
        "Nobody has done anything here yet.",
    ):
        assert piece in shown, piece


def test_a_word_is_kept_once_and_the_next_case_opens(run: Run) -> None:
    cases = FakeCases()
    test = run(cases=cases)
    test.text_input(key="case_why_dec_b").set_value("seen before").run()
    test.button_group(key="case_lists_dec_b").set_value(["block card"]).run()
    press(test, "Confirm fraud")
    assert opened(test) == "dec_c"
    [(deed, decision_id, given)] = cases.asked
    assert (deed, decision_id, given["revision"], given["person_id"]) == ("decide", "dec_b", 3, "lea")
    assert (given["resolution"], given["fraud_type"], given["why"]) == (
        Resolution.FRAUD,
        "stolen_card",
        "seen before",
    )
    assert given["blocks"] == [Block(list="block", value="card_b", days=30)]
    assert "U takes it back" in text(test)


def pressed_again(source: object, subject: object) -> None:
    import streamlit as st

    from dashboard.views.case.deeds import Deed, Shown, press

    shown = Shown(subject=subject, click="click_a")  # type: ignore[arg-type]
    for decision in ("dec_b", "dec_b", "dec_c"):  # the browser sends the address that it knows of
        st.query_params["decision"] = decision
        press(source, shown, Deed.FRAUD)  # type: ignore[arg-type]


def test_a_press_that_comes_again_leads_the_same_way_and_writes_nothing() -> None:
    cases = FakeCases()
    test = AppTest.from_function(pressed_again, args=(a_source(cases=cases), a_subject()), default_timeout=30)
    test.run()
    assert not test.exception
    assert [(deed, decision_id, given["key"]) for deed, decision_id, given in cases.asked] == [
        ("decide", "dec_b", "click_a/fraud")
    ]
    assert opened(test) == "dec_c"


def test_undo_goes_back_to_what_was_done(run: Run) -> None:
    cases = FakeCases()
    test = press(run(cases=cases), "False positive")
    assert opened(test) == "dec_c"
    press(test, "Undo")
    assert [(deed, decision_id) for deed, decision_id, _ in cases.asked] == [
        ("decide", "dec_b"),
        ("undo", "dec_b"),
    ]
    assert opened(test) == "dec_b"
    assert "Taken back" in text(test)


def test_the_last_case_of_the_queue_says_so(run: Run) -> None:
    test = press(run(next_case=lambda _: None), "False positive")
    assert "This case was found to be good. No other open case matches" in text(test)
    assert opened(test) == "dec_b"


def test_one_may_stay_and_walk_by_oneself(run: Run) -> None:
    test = run()
    test.toggle[0].set_value(False).run()
    assert opened(press(test, "Cannot tell")) == "dec_b"
    assert opened(press(test, "Next")) == "dec_c"
    assert "this part of the queue is done" in text(press(test, "Next"))
    assert opened(press(test, "Previous")) == "dec_b"


def test_handling_asks_the_desk(run: Run) -> None:
    cases = FakeCases()
    test = run(cases=cases)
    press(test, "Claim")
    press(test, "Snooze")
    test.query_params["decision"] = "dec_b"
    press(test.run(), "Escalate")
    assert [deed for deed, _, _ in cases.asked] == ["claim", "snooze", "escalate"]
    mine = run(case=as_case(a_subject(assignee="lea", claimed_until=ago(minutes=-5))), cases=cases)
    assert "Yours until 12:05 UTC" in text(mine)
    press(mine, "Release")
    assert cases.asked[-1][0] == "release"


@pytest.mark.parametrize(
    ("refuse", "sentence"),
    [
        (CaseChanged("Ada decided this case as good at 12:00:01 UTC: nothing was changed."), "Ada decided"),
        (DeskUnavailable("The database does not answer. Nothing was changed."), "The database does not"),
    ],
)
def test_a_refusal_is_a_sentence_and_typed_text_stays(run: Run, refuse: Exception, sentence: str) -> None:
    test = run(cases=FakeCases(refuse=refuse))
    test.text_input(key="case_why_dec_b").set_value("a long thought").run()
    press(test, "Confirm fraud")
    assert sentence in text(test)
    assert opened(test) == "dec_b"
    assert test.text_input(key="case_why_dec_b").value == "a long thought"


def test_a_session_that_ended_changes_nothing(run: Run) -> None:
    cases = FakeCases()
    test = press(run(cases=cases, signed_in=lambda: None), "Confirm fraud")
    assert cases.asked == []
    assert "Your session has ended" in text(test)


def test_words_and_lists_must_agree(run: Run) -> None:
    cases = FakeCases()
    test = run(cases=cases)
    test.button_group(key="case_lists_dec_b").set_value(["allow rider"]).run()
    press(test, "Confirm fraud")
    assert cases.asked == []
    assert "does not go with a case that is confirmed as fraud" in text(test)


def test_somebody_else_was_faster(run: Run) -> None:
    now = a_standing(
        revision=4, closed_at=ago(), closed_by="ada", closed_by_name="Ada", resolution=Resolution.GOOD
    )
    test = run(standing=lambda _: now)
    assert "Ada decided this meanwhile: it is found to be good." in text(test)
    assert "Show it as it is now" in [button.label for button in test.button]


def test_a_payment_without_an_alert_says_why_there_is_nothing_to_decide(run: Run) -> None:
    test = run(case=as_case(an_approval(vector=None, request=b"{}")))
    shown = text(test)
    assert "raised no alert, so there is nothing to decide here" in shown
    assert "decided without a model" in shown
    assert {button.label for button in test.button} == {"Previous", "Next", "Queue", "?"}


def test_a_lost_database_is_a_sentence(run: Run) -> None:
    def away(_: object) -> Any:
        raise ReadingsUnavailable("The database does not answer. See `faregate status`.")

    assert "See <code>faregate status</code>." in text(run(case=away, standing=away))
    half = run(around=away, case=lambda _: a_case())
    assert "6 payments on this card" in text(half)
    assert "See <code>faregate status</code>." in text(half)


def test_an_unknown_id_says_where_to_look(run: Run) -> None:
    assert "The ledger holds no decision <code>dec_x</code>" in text(run(decision="dec_x"))
    assert "Open one from the queue" in text(run(decision=None))

"""The page's logic, run without a browser on values from memory."""

from collections.abc import Callable
from typing import Any

import pytest
from rings_factories import FakeRings, a_ring_row, a_source
from streamlit.testing.v1 import AppTest

from app.desk.errors import CaseChanged
from app.desk.people import Person, Role
from app.desk.rings import RingWord
from dashboard.reading import ReadingsUnavailable

OMAR = Person(person_id="omar", name="Omar", role=Role.LEAD)
ADA = Person(person_id="ada", name="Ada", role=Role.ANALYST)
Run = Callable[..., AppTest]


def page(source: object, person: object) -> None:
    from dashboard.views.rings import page as view

    view.show(source, person)  # type: ignore[arg-type]


@pytest.fixture
def run() -> Run:
    def shown(*, ring: str | None = None, person: Person = OMAR, **given: Any) -> AppTest:
        source = a_source(**{"signed_in": lambda: person, **given})
        test = AppTest.from_function(page, args=(source, person), default_timeout=30)
        if ring:
            test.query_params["ring"] = ring
        test.run()
        assert not test.exception
        return test

    return shown


def text(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def test_rings_are_rows_in_the_order_that_is_asked_for(run: Run) -> None:
    asked: list[str] = []

    def rings(by: str) -> list[Any]:
        asked.append(by)
        return [a_ring_row(), a_ring_row(ring_id="ring_<b>", charged_back_minor=0)]

    test = run(rings=rings)
    shown = text(test)
    for piece in ("ring_a", "$123.00", "<td class='fg-number fg-loss'>$91.00</td>", "1 of 4", "2026-02-17"):
        assert piece in shown, piece
    assert "ring_&lt;b&gt;" in shown
    test.button_group[0].set_value("growth").run()
    assert asked == ["risk", "growth"]


def test_no_ring_says_what_makes_one(run: Run) -> None:
    assert "A ring appears here by itself" in text(run(rings=lambda _: []))


def test_a_ring_opens_by_address(run: Run) -> None:
    shown = text(run(ring="ring_a"))
    for piece in ("0 cards, 1 device", "1 of 2", "$7.00", "declined", "03-01 11:00"):
        assert piece in shown, piece
    assert "There is no ring <code>ring_x</code>" in text(run(ring="ring_x"))


def test_one_word_for_all(run: Run) -> None:
    desk = FakeRings()
    test = run(ring="ring_a", desk=desk)
    for field in ("cases", "riders", "shared"):
        test.checkbox(key=f"ring_{field}_ring_a").check()
    test.selectbox(key="ring_days_ring_a").set_value("for ever")
    test.text_input(key="ring_why_ring_a").set_value("one farm").run()
    press(test)
    word = RingWord(
        cases_as_fraud=True,
        fraud_type="collusion",
        block_riders=True,
        block_shared=True,
        days=None,
        why="one farm",
    )
    assert desk.asked == [("ring_a", word, ["usr_a", "usr_b"], "omar")]
    assert "2 cases closed as fraud, 3 values blocked. 1 case is left" in text(test)


def test_a_changed_ring_is_a_sentence_and_what_was_chosen_stays(run: Run) -> None:
    test = run(ring="ring_a", desk=FakeRings(refuse=CaseChanged("The ring changed since it was shown.")))
    test.checkbox(key="ring_riders_ring_a").check().run()
    press(test)
    assert "The ring changed since it was shown." in text(test)
    assert test.checkbox(key="ring_riders_ring_a").value


def test_only_leads_are_offered_it(run: Run) -> None:
    test = run(ring="ring_a", person=ADA)
    assert "A lead can block this ring" in text(test)
    assert not test.checkbox


def test_a_session_that_ended_changes_nothing(run: Run) -> None:
    desk = FakeRings()
    test = run(ring="ring_a", desk=desk, signed_in=lambda: None)
    press(test)
    assert desk.asked == []
    assert "Your session has ended" in text(test)


def test_a_lost_database_is_a_sentence(run: Run) -> None:
    def away(_: str) -> Any:
        raise ReadingsUnavailable("The database does not answer. See `faregate status`.")

    assert "See <code>faregate status</code>." in text(run(rings=away))


def press(test: AppTest) -> None:
    next(button for button in test.button if button.label == "Do it for the whole ring").click().run()
    assert not test.exception

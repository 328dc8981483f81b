"""The people page, run without a browser on people and deeds from memory."""

from typing import Any

import pytest
from people_factories import AT, a_deed, a_person
from streamlit.testing.v1 import AppTest

from app.desk.audit import Told
from dashboard.reading import ReadingsUnavailable
from dashboard.views.people import view
from dashboard.views.people.page import PAGE
from dashboard.views.people.source import Asked, Source


def page(source: object) -> None:
    from dashboard.views.people.page import show

    show(source)  # type: ignore[arg-type]


class Trail:
    """So many deeds, the newest first."""

    def __init__(self, deeds: int) -> None:
        self.deeds = [a_deed(number) for number in range(deeds, 0, -1)]
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> list[Told]:
        self.asked.append(asked)
        return [deed for deed in self.deeds if deed.audit_id < (asked.before_id or 10**9)][: asked.most]


def run(trail: Trail, query: dict[str, str] | None = None, **given: Any) -> AppTest:
    source = Source(everybody=given.get("everybody", lambda: [a_person()]), trail=trail)
    test = AppTest.from_function(page, args=(source,), default_timeout=30)
    for name, value in (query or {}).items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def text(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def test_people_and_their_deeds_are_shown() -> None:
    shown = text(run(Trail(2)))
    for piece in ("<code>ana</code>", "analyst", "never", "decided a case", "decision=dec_a"):
        assert piece in shown


def test_the_filters_live_in_the_address() -> None:
    trail = Trail(1)
    test = run(trail, query={"who": "ana", "did": "claimed a case"})
    assert (trail.asked[-1].person_id, trail.asked[-1].action) == ("ana", "case.claim")
    test.selectbox(key="who").select("all").run()
    assert trail.asked[-1].person_id is None


def test_one_pages_through_the_trail_and_back() -> None:
    trail = Trail(2 * PAGE)
    test = run(trail)
    test.button(key="older").click().run()
    assert trail.asked[-1].before_id == PAGE + 1
    assert not [button for button in test.button if button.key == "older"], "that was the last page"
    test.button(key="newest").click().run()
    assert trail.asked[-1].before_id is None


def test_another_filter_begins_with_the_newest() -> None:
    trail = Trail(2 * PAGE)
    test = run(trail, query={"before": "7"})
    assert trail.asked[-1].before_id == 7
    test.selectbox(key="did").select("case.claim").run()
    assert trail.asked[-1].before_id is None


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30])
def test_a_mangled_address_begins_with_the_newest(before: str) -> None:
    trail = Trail(1)
    run(trail, query={"before": before})
    assert trail.asked[-1].before_id is None


def test_nothing_found_says_what_to_do() -> None:
    shown = text(run(Trail(0), everybody=list))
    assert "faregate people add" in shown
    assert "Choose another person" in shown


def test_a_database_that_is_away_is_a_sentence() -> None:
    def away() -> list[Any]:
        raise ReadingsUnavailable("The database does not answer.")

    assert "The database does not answer." in text(run(Trail(0), everybody=away))


def test_data_is_no_markup() -> None:
    evil = "<script>"
    shown = view.people([a_person(name=evil, email=evil, signs_in="email")])
    shown += view.trail([a_deed(subject=f"dec_{evil}", details={"why": evil}, person_id=evil)], {})
    assert evil not in shown


def test_disabled_people_are_told_apart() -> None:
    assert "disabled 2026-11-27" in view.people([a_person(disabled_at=AT)])


def test_a_note_tells_what_was_given() -> None:
    given = {
        "resolution": "cannot_tell",
        "fraud_type": None,
        "why": "",
        "before": {"assignee": "ben"},
        "minutes": 30,
        "values": ["card_a", "dev_a"],
    }
    assert view.note(given) == "resolution: cannot tell; minutes: 30; values: card_a, dev_a"
    assert len(view.note({"why": "x" * 500})) == view.LONGEST_NOTE + 1

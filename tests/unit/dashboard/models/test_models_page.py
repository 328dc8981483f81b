"""The models page's logic, run without a browser on readings from memory."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from models_page_factories import NOW, a_bin, a_standing, agreement
from readings_factories import a_drift_row
from streamlit.testing.v1 import AppTest
from waiting import eventually

from app.desk.people import Person, Role
from dashboard.reading import ReadingsUnavailable
from dashboard.views.models.comparison import compare
from dashboard.views.models.page import Source
from dashboard.views.models.readings import Process, Round, ScoreDrift, Standing
from dashboard.views.models.rollback import Rollback, Rollbacks
from domain.decision import Verdict
from scoring.registry import Promotion, PromotionRefused

LEAD = Person(person_id="lea", name="Lea", role=Role.LEAD)
ANALYST = Person(person_id="ana", name="Ana", role=Role.ANALYST)
ROUND = Round(
    ended_at=NOW,
    trigger="labels",
    labels=40,
    verdict="rolled_back",
    why="worse",
    candidate=None,
    compute_s=2.0,
)


def page(source: object, person: object) -> None:
    from dashboard.views.models import page as view

    view.show(source, person)


def dialog(rollbacks: object, person: object) -> None:
    """What the dialog holds, then what the page says: a test's click would run the page without it."""
    from dashboard.views.models import rolling

    rolling.ask(rollbacks, person, failed="mdl_bravo", former="mdl_alpha")
    rolling.tell(rollbacks, lambda _: [])


def refuse(_: Rollback) -> Promotion:
    raise PromotionRefused("api-1 cannot serve mdl_alpha: no key.")


@pytest.fixture
def run() -> Callable[..., AppTest]:
    def shown(person: Person = LEAD, query: dict[str, str] | None = None, **given: Any) -> AppTest:
        compared = compare([agreement(Verdict.APPROVE, Verdict.DECLINE, 40)], [])
        check = ScoreDrift(
            checked_at=NOW - timedelta(hours=3),
            model_version="mdl_bravo",
            psi=0.1,
            alarms=2,
            score_alarm=None,
        )
        sources: dict[str, Any] = {
            "standing": a_standing,
            "comparisons": lambda: compared,
            "calibration": lambda _: [a_bin()],
            "drift": lambda: (
                [a_drift_row(psi=0.04, checked_at=NOW, features=61, alarmed_features=1)],
                [check],
            ),
            "rounds": lambda: [ROUND],
            "report": lambda _: "<html><head></head><h1>Report</h1></html>",
            "processes": lambda _: [Process(process="api-1", told=False, refused=None)],
            "rollbacks": Rollbacks(refuse),
        }
        test = AppTest.from_function(page, args=(Source(**{**sources, **given}), person), default_timeout=30)
        for name, value in (query or {}).items():
            test.query_params[name] = value
        test.run()
        assert not test.exception
        return test

    return shown


def text(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def test_the_page_shows_who_decides_and_how_well(run: Callable[..., AppTest]) -> None:
    test = run()
    shown = text(test)
    for piece in ("mdl_bravo", "900 (100.0 %)", "scores in the shadow", "saved &lt;more&gt;", "rolled back",
                  "the probabilities mean what they say", "Score drift"):  # fmt: skip
        assert piece in shown
    assert len(test.get("vega_lite_chart")) == 2


def test_without_models_the_page_says_what_to_do(run: Callable[..., AppTest]) -> None:
    test = run(standing=lambda: a_standing(models=[], moves=[], former=None))
    assert "<code>faregate up</code> trains the first one" in text(test)


def test_what_is_not_there_yet_is_said(run: Callable[..., AppTest]) -> None:
    nothing: Any = {
        "comparisons": dict,
        "calibration": lambda _: [],
        "drift": lambda: ([], []),
        "rounds": list,
    }
    shown = text(run(**nothing))
    for piece in (
        "No model scored beside",
        "Too few payments",
        "Nobody has compared",
        "The learner has not looked",
    ):
        assert piece in shown


def test_a_model_is_opened_by_address_with_its_report(run: Callable[..., AppTest]) -> None:
    test = run(query={"model": "mdl_alpha"})
    assert "52,000" in text(test)
    assert test.expander[0].label == "Its report of training"
    assert "Content-Security-Policy" in test.get("iframe")[0].proto.srcdoc
    assert "registered without a report" in text(run(query={"model": "mdl_bravo"}))
    assert "The registry has no model mdl_nobody" in text(run(query={"model": "mdl_nobody"}))


def test_only_a_lead_is_offered_a_rollback(run: Callable[..., AppTest]) -> None:
    assert [button.key for button in run().button] == ["roll_back"]
    assert not run(person=ANALYST).button
    assert not run(standing=lambda: a_standing(former=None)).button


def test_a_rollback_needs_a_reason_and_a_refusal_is_told(run: Callable[..., AppTest]) -> None:
    rollbacks = Rollbacks(refuse)
    opened = run(rollbacks=rollbacks).button(key="roll_back").click().run()
    assert "mdl_alpha decides again for everybody" in text(opened)
    test = AppTest.from_function(dialog, args=(rollbacks, LEAD), default_timeout=30).run()
    test.button(key="rollback_go").click().run()
    assert test.warning[0].value == "Say why, for those who ask later."
    test.text_input(key="rollback_why").set_value("too many declines")
    test.button(key="rollback_go").click().run()
    newest = eventually(rollbacks.newest, what="the refusal")
    assert (newest.asked.failed, newest.asked.why) == ("mdl_bravo", "too many declines")
    assert "api-1 cannot serve mdl_alpha: no key." in text(test.run())


def test_while_processes_load_the_page_shows_how_far_they_are(run: Callable[..., AppTest]) -> None:
    held = Event()

    def wait(_: Rollback) -> Promotion:
        held.wait(20)
        return Promotion(version="mdl_alpha", former="mdl_bravo", active_from_ms=0, processes=("api-1",))

    rollbacks = Rollbacks(wait)
    rollbacks.start(Rollback(failed="mdl_bravo", former="mdl_alpha", person_id="lea", why="x", key="k"))
    test = run(rollbacks=rollbacks)
    assert "loads it and lets it score its golden rows" in text(test)
    held.set()
    eventually(rollbacks.newest, what="the rollback")
    assert "mdl_alpha decides since" in text(test.run())


def test_a_database_that_is_away_is_a_sentence(run: Callable[..., AppTest]) -> None:
    def away() -> Standing:
        raise ReadingsUnavailable("The database does not answer.")

    assert "The database does not answer." in text(run(standing=away))

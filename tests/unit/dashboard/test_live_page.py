"""The page's logic, run without a browser on readings from memory."""

from collections.abc import Callable
from typing import Any

import pytest
from readings_factories import a_detail, a_drift_row, a_pipeline, a_snapshot, an_empty_snapshot
from streamlit.testing.v1 import AppTest

from dashboard.live import Source
from dashboard.reading import ReadingsUnavailable
from dashboard.readings import DecisionDetail, Snapshot, StreamReading


def page(source: object) -> None:
    from dashboard import live

    live.show(source)


@pytest.fixture
def run() -> Callable[..., AppTest]:
    def shown(
        *, decision: DecisionDetail | None = None, query: dict[str, str] | None = None, **given: Any
    ) -> AppTest:
        source = Source(
            snapshot=given.get("snapshot", lambda period_min: a_snapshot(period_min=period_min)),
            decision=given.get("find", lambda _: decision),
            stream=StreamReading,
        )
        test = AppTest.from_function(page, args=(source,), default_timeout=30)
        for name, value in (query or {}).items():
            test.query_params[name] = value
        test.run()
        assert not test.exception
        return test

    return shown


def text(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def test_the_page_shows_decisions_alerts_money_and_health(run: Callable[..., AppTest]) -> None:
    shown = text(run())
    for piece in (
        "Deciding normally",
        "usr_a",
        "6 payments on this card within 5 minutes.",
        "Stopped",
        "Feature age",
    ):
        assert piece in shown


def test_the_period_is_chosen_by_address_and_by_click(run: Callable[..., AppTest]) -> None:
    asked: list[int] = []

    def snapshot(period_min: int) -> Snapshot:
        asked.append(period_min)
        return a_snapshot(period_min=period_min)

    test = run(snapshot=snapshot, query={"period": "15 min"})
    assert asked == [15]
    test.button_group[0].set_value(5).run()
    assert asked[-1] == 5


def test_a_decision_is_opened_by_address(run: Callable[..., AppTest]) -> None:
    test = run(decision=a_detail(), query={"decision": "dec_b"})
    assert "fraud probability 98.7 %" in text(test)
    assert test.expander[0].label == "Every feature value that the model read"


def test_an_unknown_decision_is_a_sentence(run: Callable[..., AppTest]) -> None:
    assert "The ledger holds no decision" in text(run(query={"decision": "dec_nobody"}))


def test_an_empty_ledger_says_what_to_do(run: Callable[..., AppTest]) -> None:
    shown = text(run(snapshot=lambda _: an_empty_snapshot()))
    assert "No payment has been decided yet." in shown
    assert "Feature age" in shown
    assert "Stopped" not in shown


def test_a_period_without_alerts_says_so(run: Callable[..., AppTest]) -> None:
    shown = text(run(snapshot=lambda _: a_snapshot(alerts=[])))
    assert "Every payment of this period was approved." in shown


def test_a_lost_database_is_a_sentence(run: Callable[..., AppTest]) -> None:
    def away(_: int) -> Snapshot:
        raise ReadingsUnavailable("The database does not answer. See `faregate status`.")

    shown = text(run(snapshot=away))
    assert "The database does not answer. See <code>faregate status</code>." in shown
    assert "Traceback" not in shown


def test_stale_features_are_the_headline(run: Callable[..., AppTest]) -> None:
    shown = text(run(snapshot=lambda _: a_snapshot(pipeline=a_pipeline(age_ms=90_000))))
    assert "Feature age: 2 min" in shown


def test_drift_is_a_line_and_a_table(run: Callable[..., AppTest]) -> None:
    rows = [
        a_drift_row(psi=0.04, features=61, alarmed_features=1),
        a_drift_row(subject="card_payments_5m", psi=0.61, features=61, alarmed_features=1, alarm="<b> rose"),
    ]
    test = run(snapshot=lambda _: a_snapshot(drift=rows))
    shown = text(test)
    assert "Deciding normally" in shown
    assert "1 of 61, 1 min ago" in shown
    assert "<td class='fg-number'>0.61</td>" in shown
    assert "&lt;b&gt; rose" in shown
    assert test.expander[0].label == "How far payments have moved from the training window"


def test_without_a_check_there_is_no_table(run: Callable[..., AppTest]) -> None:
    test = run(snapshot=lambda _: a_snapshot(drift=[]))
    assert "not checked yet" in text(test)
    assert not test.expander


def test_standing_still_stops_the_refresh(run: Callable[..., AppTest]) -> None:
    test = run()
    test.toggle[0].set_value(False).run()
    assert not test.exception
    assert "usr_a" in text(test)

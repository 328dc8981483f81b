"""The overview's logic, run without a browser on readings from memory."""

from collections.abc import Callable
from typing import Any

import pytest
from overview_factories import change, overview, truths
from streamlit.testing.v1 import AppTest

from dashboard.reading import ReadingsUnavailable
from dashboard.views.overview.page import Source
from dashboard.views.overview.period import Period
from dashboard.views.overview.readings import Overview


def page(source: object) -> None:
    from dashboard.views.overview import page as view

    view.show(source)


@pytest.fixture
def run() -> Callable[..., AppTest]:
    def shown(read: Callable[[Period], Overview] | None = None, **query: str) -> AppTest:
        source = Source(overview=read or (lambda _: overview()))
        test = AppTest.from_function(page, args=(source,), default_timeout=30)
        for name, value in query.items():
            test.query_params[name] = value
        test.run()
        assert not test.exception
        return test

    return shown


def text(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def charts(test: AppTest) -> list[Any]:
    return list(test.get("vega_lite_chart"))


def test_the_page_tells_five_numbers_and_draws_five_charts_and_a_map(run: Callable[..., AppTest]) -> None:
    test = run(lambda _: overview(truths=truths(changes=[change("rules", subject="7")])))
    shown = text(test)
    for piece in ("Fraud rate", "Money saved", "False declines", "Time to decision", "zone_a: 7 alerts"):
        assert piece in shown
    assert len(charts(test)) == 5
    assert '"type": "rule"' in charts(test)[0].proto.spec
    assert '"type": "rule"' not in charts(run())[0].proto.spec
    assert len(test.get("deck_gl_json_chart")) == 1


def test_the_period_is_chosen_by_address_and_by_click(run: Callable[..., AppTest]) -> None:
    asked: list[str] = []

    def read(period: Period) -> Overview:
        asked.append(period.name)
        return overview()

    test = run(read, over="7 d")
    test.button_group[0].set_value("30 d").run()
    assert asked == ["7 d", "30 d"]


def test_an_empty_period_says_what_to_do(run: Callable[..., AppTest]) -> None:
    test = run(lambda _: overview(decided=[]))
    assert "<code>faregate simulate</code> sends some" in text(test)
    assert not charts(test)


def test_a_period_without_alerts_says_so(run: Callable[..., AppTest]) -> None:
    test = run(lambda _: overview(truths=truths(types=[])))
    assert "Every payment of this period was approved" in text(test)


def test_zones_without_a_place_say_so(run: Callable[..., AppTest]) -> None:
    assert "tells where the zones are" in text(run(lambda _: overview(places=[])))


def test_a_database_that_is_away_is_a_sentence(run: Callable[..., AppTest]) -> None:
    def away(_: Period) -> Overview:
        raise ReadingsUnavailable("The database does not answer. See `faregate status`.")

    shown = text(run(away))
    assert "The database does not answer. See <code>faregate status</code>." in shown
    assert "Traceback" not in shown

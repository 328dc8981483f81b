"""Runs the rules page without a browser."""

from rules_factories import LOU
from streamlit.testing.v1 import AppTest

from app.desk.people import Person
from dashboard.views.rules.source import Source


def page(source: object, person: object) -> None:
    from dashboard.views.rules import page as rules

    rules.show(source, person)


def run(source: Source, person: Person = LOU, **query: str) -> AppTest:
    test = AppTest.from_function(page, args=(source, person), default_timeout=30)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def text(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def keys(test: AppTest) -> set[str | None]:
    """Of the buttons that are there and can be pressed."""
    return {button.key for button in test.button if not button.disabled}

from urllib.parse import parse_qs

import pytest

from dashboard.case_links import case_link
from dashboard.views.queue.filters import Assignee, Filters
from domain.decision import Verdict

ALL = Filters(
    verdicts=(Verdict.REVIEW, Verdict.DECLINE),
    fraud_type="stolen_card",
    amount_from_minor=2_000,
    amount_to_minor=15_050,
    zone="zone_a",
    newer_min=240,
    older_min=15,
    assignee=Assignee.MINE,
    rule="promo_farm",
    model="mdl_a",
)


def test_an_address_holds_all_that_is_asked_for() -> None:
    assert Filters.from_address(ALL.to_address()) == ALL
    assert ALL.to_address()["verdict"] == ["review", "declined"]
    assert ALL.to_address()["type"] == "stolen card"


def test_nothing_asked_for_is_an_empty_address() -> None:
    assert Filters().to_address() == {}
    assert Filters.from_address({}) == Filters()


@pytest.mark.parametrize(
    "query",
    [
        {"verdict": "approved"},
        {"type": "witchcraft"},
        {"amount_from": "much"},
        {"amount_to": "-3"},
        {"amount_to": "nan"},
        {"newer": "yesterday"},
        {"assignee": "everybody"},
        {"zone": "  "},
    ],
)
def test_what_an_address_says_wrongly_is_passed_over(query: dict[str, str | list[str]]) -> None:
    assert Filters.from_address(query) == Filters()


def test_a_case_keeps_the_address_of_its_queue() -> None:
    path, _, query = case_link("dec_a", ALL.to_address()).partition("?")
    kept = {name: values[0] for name, values in parse_qs(query).items()}
    assert (path, kept["decision"]) == ("case", "dec_a")
    assert Filters.from_address(kept) == ALL
    assert case_link("dec_a") == "case?decision=dec_a"


def test_the_filters_of_the_popover_are_said_in_words() -> None:
    assert ALL.words() == {
        "type": "stolen card",
        "amount_from": "from $20.00",
        "amount_to": "up to $150.50",
        "zone": "zone_a",
        "newer": "newer than 4 h",
        "older": "older than 15 min",
        "rule": "promo_farm",
        "model": "mdl_a",
    }

import pytest
from factories import a_request
from msgspec import json

from app import problems
from app.problems import RequestRefused
from app.requests import read_transaction
from app.sandbox import CARDS, RIDERS, Forced, forced, forced_for
from domain.decision import Rung, Verdict
from domain.transaction import Transaction


def payment(**given: str) -> Transaction:
    return a_request(**given).transaction()


def test_each_verdict_has_a_card() -> None:
    assert {card.verdict for card in CARDS.values()} == set(Verdict)
    assert forced(payment(card_id="card_testdecline")) == Forced(verdict=Verdict.DECLINE)


def test_each_rung_has_a_rider_and_every_lower_one_says_why() -> None:
    rungs = [rider for rider in RIDERS.values() if rider.rung]
    assert {rider.rung for rider in rungs} == set(Rung)
    assert all((rider.rung is Rung.R0) == (rider.rung_reason is None) for rider in rungs)


def test_a_card_and_a_rider_force_together() -> None:
    both = forced(payment(card_id="card_testreview", user_id="usr_testr3"))
    assert both == Forced(verdict=Verdict.REVIEW, rung=Rung.R3, rung_reason="deadline_spent")


def test_other_tokens_force_nothing() -> None:
    assert forced(payment()) is None
    assert forced_for(payment(), test=False) is None


@pytest.mark.parametrize(
    ("given", "field"), [({"card_id": "card_testapprove"}, "card_id"), ({"user_id": "usr_testr1"}, "user_id")]
)
def test_a_live_key_may_not_use_a_test_token(given: dict[str, str], field: str) -> None:
    assert forced_for(payment(**given), test=True)
    with pytest.raises(RequestRefused) as refused:
        forced_for(payment(**given), test=False)
    assert (refused.value.problem, refused.value.field) == (problems.TEST_TOKEN, field)


@pytest.mark.parametrize("token", [*CARDS, *RIDERS])
def test_every_token_is_one_that_a_request_may_hold(token: str) -> None:
    field = "card_id" if token.startswith("card") else "user_id"
    request = a_request(**{field: token})
    assert read_transaction(json.encode(request)) == request

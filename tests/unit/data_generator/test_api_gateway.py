"""The gateway speaks the API's own language: what it sends is what the API reads."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import httpx
import pytest
from msgspec import structs
from stage import PAY_AT_MS, play, world

from app.client import ApiRefused, ApiUnavailable, DecisionClient
from app.replies import LabelReceipt, OutcomeReceipt, Reply, Versions, encode_reply
from app.requests import read_label, read_outcome, read_transaction
from data_generator.api_gateway import ApiGateway, ApiLabels
from data_generator.honest.new_phone import new_phone
from data_generator.ports import Decision
from data_generator.scenarios.offline import SCENARIOS
from domain.decision import Outcome, Rung, Verdict
from domain.errors import Retryable
from domain.events import PaymentDecided, from_ms
from domain.transaction import Transaction
from flink_jobs.replay import transaction_of

CHALLENGED = Decision(decision_id="dec_1", verdict=Verdict.CHALLENGE, probability=0.8)
Handler = Callable[[httpx.Request], httpx.Response]


def _payment() -> Transaction:
    return structs.replace(play(world(), new_phone).payments[0].transaction, promo_id="promo_weekend")


def _call(handler: Handler, use: Callable[[ApiGateway], Awaitable[object]]) -> object:
    async def called() -> object:
        async with DecisionClient("http://api", transport=httpx.MockTransport(handler)) as client:
            return await use(ApiGateway(client))

    return asyncio.run(called())


def _reply(transaction_id: str) -> bytes:
    return encode_reply(
        Reply(
            decision_id="dec_1",
            transaction_id=transaction_id,
            verdict=Verdict.CHALLENGE,
            score=62,
            probability=0.8,
            rung=Rung.R0,
            rung_reason=None,
            feature_age_ms=120,
            reasons=[],
            versions=Versions(model="m1"),
            decided_at=from_ms(PAY_AT_MS),
        )
    )


def test_a_payment_arrives_as_it_was() -> None:
    asked, seen = _payment(), []

    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/transactions"
        seen.append(read_transaction(request.content).transaction())
        return httpx.Response(200, content=_reply(asked.transaction_id))

    assert _call(handler, lambda gateway: gateway.decide(asked)) == CHALLENGED
    assert seen == [asked]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.CAPTURED, None),
        (Outcome.CHARGEBACK, "fraud_card_absent"),
        (Outcome.REFUNDED, "ride_cancelled"),
    ],
)
def test_an_outcome_arrives_as_it_was(outcome: Outcome, reason: str | None) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/transactions/txn_1/outcome"
        told = read_outcome(request.content, PAY_AT_MS)
        assert (told.outcome, told.reason_code, told.occurred_at) == (outcome, reason, from_ms(PAY_AT_MS))
        return httpx.Response(202, content=encode_reply(OutcomeReceipt(outcome_id="out_1")))

    _call(handler, lambda gateway: gateway.report("txn_1", outcome, reason, PAY_AT_MS))


@pytest.mark.parametrize(("fraud", "word"), [(True, "fraud"), (False, "good")])
def test_a_word_of_an_analyst_arrives_under_its_own_key(fraud: bool, word: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/decisions/dec_1/label"
        assert request.headers["Authorization"] == "Bearer fgk_analyst"
        assert read_label(request.content).label == word
        return httpx.Response(202, content=encode_reply(LabelReceipt(label_id="lbl_1")))

    async def said() -> None:
        transport = httpx.MockTransport(handler)
        async with DecisionClient("http://api", api_key="fgk_analyst", transport=transport) as client:
            await ApiLabels(client).label("dec_1", fraud=fraud)

    asyncio.run(said())


@pytest.mark.parametrize("name", SCENARIOS)
def test_payments_of_every_scenario_are_such_that_the_api_takes(name: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=_reply(read_transaction(request.content).transaction_id))

    told = SCENARIOS[name](2, 200, 300, PAY_AT_MS)
    paid = [transaction_of(s.event) for s in told if s.scenario and isinstance(s.event, PaymentDecided)]
    assert len({asked.pickup_zone for asked in paid}) > 5
    for asked in paid:
        assert _call(handler, lambda gateway, asked=asked: gateway.decide(asked)) == CHALLENGED


def test_every_simulated_payment_is_one_that_the_api_takes() -> None:
    paid = [play(world(seed=Random(n).randrange(99)), new_phone, number=n).payments[0] for n in range(20)]

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=_reply(read_transaction(request.content).transaction_id))

    for payment in paid:
        asked = payment.transaction
        assert _call(handler, lambda gateway, asked=asked: gateway.decide(asked)) == CHALLENGED


def test_an_absent_api_may_be_asked_again_and_a_refusal_may_not() -> None:
    with pytest.raises(Retryable) as absent:
        _call(lambda _: httpx.Response(503), lambda gateway: gateway.decide(_payment()))
    assert isinstance(absent.value, ApiUnavailable)
    with pytest.raises(ApiRefused) as refused:
        _call(lambda _: httpx.Response(422), lambda gateway: gateway.decide(_payment()))
    assert not isinstance(refused.value, Retryable)

from typing import Any

import httpx
import pytest
from factories import a_live_body, a_request
from msgspec import json, structs
from site_of_fakes import MASTER, SIGNED, TEST, Site

from app.access.signature import signing_secret
from app.assembly import now_ms
from app.client import ApiRefused, ApiUnavailable, DecisionClient, Retries
from app.replies import encode_reply
from app.requests import LabelRequest, OutcomeReport, TransactionRequest
from app.routes import build_app
from domain.decision import Outcome, Verdict
from domain.errors import Retryable
from domain.events import from_ms

pytestmark = pytest.mark.anyio


def client_of(site: Site, api_key: str = TEST, **given: Any) -> DecisionClient:
    transport = httpx.ASGITransport(build_app(site.endpoints()))
    return DecisionClient("http://api", api_key=api_key, transport=transport, **given)


def answering(response: httpx.Response) -> DecisionClient:
    return DecisionClient("http://api", transport=httpx.MockTransport(lambda _: response))


def live_request() -> TransactionRequest:
    return json.decode(a_live_body(), type=TransactionRequest)


async def test_a_payment_is_decided_and_its_outcome_reported(site: Site) -> None:
    async with client_of(site) as client:
        request = live_request()
        decided = await client.decide(request)
        reply = decided.reply
        assert not decided.replayed
        assert (reply.transaction_id, reply.verdict) == (request.transaction_id, Verdict.APPROVE)
        report = OutcomeReport(outcome=Outcome.CAPTURED, occurred_at=from_ms(now_ms()))
        outcome_id = await client.report_outcome(request.transaction_id, report)
    assert list(site.ledger.outcomes) == [outcome_id]


async def test_a_refusal_says_what_is_wrong(site: Site) -> None:
    async with client_of(site) as client:
        with pytest.raises(ApiRefused, match=r"422.*settlement currency.*\(currency\)") as refused:
            await client.decide(structs.replace(live_request(), currency="EUR"))
    assert refused.value.problem.type == "/problems/wrong-currency"
    assert not isinstance(refused.value, Retryable)


async def test_unavailable_says_when_to_come_back(site: Site) -> None:
    site.ledger.away = site.journal.away = True
    async with client_of(site) as client:
        with pytest.raises(ApiUnavailable) as unavailable:
            await client.decide(live_request())
    assert unavailable.value.retry_after_s == 1
    assert isinstance(unavailable.value, Retryable)


async def test_a_connection_that_fails_is_unavailable() -> None:
    def fails(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async with DecisionClient("http://api", transport=httpx.MockTransport(fails)) as client:
        with pytest.raises(ApiUnavailable, match="ConnectError"):
            await client.decide(a_request())


async def test_a_proxys_own_error_page_is_told_too() -> None:
    async with answering(httpx.Response(404, text="<html>")) as client:
        with pytest.raises(ApiRefused, match="404"):
            await client.decide(a_request())
    async with answering(httpx.Response(502, text="<html>")) as client:
        with pytest.raises(ApiUnavailable, match="502"):
            await client.decide(a_request())


async def test_a_decision_is_found_explained_and_labelled(site: Site) -> None:
    async with client_of(site) as client:
        reply = (await client.decide(live_request())).reply
        site.explained[reply.decision_id, "tenant_a"] = b'{"margin":1}'
        assert json.decode((await client.find(reply.decision_id)).reply)["decision_id"] == reply.decision_id
        assert await client.why(reply.decision_id) == b'{"margin":1}'
        label_id = await client.label(reply.decision_id, LabelRequest(label="fraud"))
    assert [label.label_id for label in site.ledger.labels] == [label_id]


async def test_a_repeat_is_told_and_another_key_is_the_callers_choice(site: Site) -> None:
    request = live_request()
    async with client_of(site) as client:
        first, again = await client.decide(request), await client.decide(request)
        other = await client.decide(request, key="another")
    assert [decided.replayed for decided in (first, again, other)] == [False, True, True]
    assert first.reply == again.reply == other.reply


async def test_calls_are_signed_for_keys_that_must(site: Site) -> None:
    async with client_of(site, SIGNED) as client:
        with pytest.raises(ApiRefused, match="signature"):
            await client.decide(live_request())
    secret = signing_secret(MASTER, "key_signed")
    async with client_of(site, SIGNED, signing_secret=secret) as client:
        reply = (await client.decide(live_request())).reply
        assert (await client.find(reply.decision_id)).outcomes == []


@pytest.mark.parametrize("status", [409, 429, 503])
async def test_answers_that_ask_to_come_back_may_be_sent_again(status: int) -> None:
    async with answering(httpx.Response(status, headers={"Retry-After": "3"})) as client:
        with pytest.raises(ApiUnavailable) as unavailable:
            await client.decide(a_request())
    assert unavailable.value.retry_after_s == 3


class Pauses:
    """Instead of sleeping."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


async def test_retries_go_on_with_the_same_key_until_there_is_an_answer(site: Site) -> None:
    keys: list[str] = []

    def comes_late(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        after = {"Retry-After": "2"} if len(keys) == 2 else {}
        return httpx.Response(503, headers=after) if len(keys) < 4 else httpx.Response(200, content=reply)

    async with client_of(site) as real:
        reply = encode_reply((await real.decide(live_request())).reply)
    pauses, request = Pauses(), a_request()
    async with DecisionClient("http://api", transport=httpx.MockTransport(comes_late)) as client:
        await Retries(sleep=pauses).of(lambda: client.decide(request))
    assert keys == [request.transaction_id] * 4
    assert pauses.taken == [0.1, 2.0, 0.4]


async def test_retries_end() -> None:
    pauses = Pauses()
    async with answering(httpx.Response(503, headers={"Retry-After": "60"})) as client:
        with pytest.raises(ApiUnavailable):
            await Retries(attempts=3, sleep=pauses).of(lambda: client.decide(a_request()))
    assert pauses.taken == [5.0, 5.0]


async def test_a_refusal_is_not_tried_again() -> None:
    pauses = Pauses()
    async with answering(httpx.Response(422)) as client:
        with pytest.raises(ApiRefused):
            await Retries(sleep=pauses).of(lambda: client.decide(a_request()))
    assert pauses.taken == []

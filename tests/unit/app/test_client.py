import httpx
import pytest
from factories import a_live_body, a_request
from msgspec import json, structs
from site_of_fakes import Site

from app.client import ApiRefused, ApiUnavailable, DecisionClient
from app.main import now_ms
from app.requests import OutcomeReport, TransactionRequest
from app.routes import build_app
from domain.decision import Outcome, Verdict
from domain.errors import Retryable
from domain.events import from_ms

pytestmark = pytest.mark.anyio


def client_of(site: Site) -> DecisionClient:
    return DecisionClient("http://api", transport=httpx.ASGITransport(build_app(site.endpoints())))


def answering(response: httpx.Response) -> DecisionClient:
    return DecisionClient("http://api", transport=httpx.MockTransport(lambda _: response))


def live_request() -> TransactionRequest:
    return json.decode(a_live_body(), type=TransactionRequest)


async def test_a_payment_is_decided_and_its_outcome_reported(site: Site) -> None:
    async with client_of(site) as client:
        request = live_request()
        reply = await client.decide(request)
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
    site.ledger.away = True
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

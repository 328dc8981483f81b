"""A caller's side of the approval API."""

from types import TracebackType
from typing import Self

import httpx
import msgspec
from msgspec import json

from app.problems import ProblemBody
from app.replies import OutcomeReceipt, Reply, decode_reply
from app.requests import OutcomeReport, TransactionRequest
from domain.errors import FaregateError, Retryable

_JSON = {"Content-Type": "application/json"}


class ApiRefused(FaregateError):
    """The call was wrong; the same call will be refused again."""

    def __init__(self, status: int, problem: ProblemBody) -> None:
        where = f" ({problem.field})" if problem.field else ""
        super().__init__(f"the API refused the call with {status}: {problem.title}: {problem.detail}{where}")
        self.status = status
        self.problem = problem


class ApiUnavailable(Retryable):
    """No answer, or one that says to come back: the same call may be sent again without harm."""

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"the API is not available: {detail}")
        self.retry_after_s = retry_after_s


class DecisionClient:
    """Asynchronous, keeps its connections; close it or use it in `async with`."""

    def __init__(
        self, base_url: str, *, timeout_s: float = 5.0, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=timeout_s, transport=transport, trust_env=False
        )

    async def decide(self, request: TransactionRequest) -> Reply:
        """The verdict on a payment; raises ApiRefused or ApiUnavailable."""
        return decode_reply(await self._post("/v1/transactions", json.encode(request)))

    async def report_outcome(self, transaction_id: str, report: OutcomeReport) -> str:
        """Report what became of a payment and get the outcome's id; raises ApiRefused or ApiUnavailable."""
        raw = await self._post(f"/v1/transactions/{transaction_id}/outcome", json.encode(report))
        return json.decode(raw, type=OutcomeReceipt).outcome_id

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _post(self, path: str, body: bytes) -> bytes:
        try:
            response = await self._http.post(path, content=body, headers=_JSON)
        except httpx.TransportError as error:
            raise ApiUnavailable(f"{type(error).__name__} {error}".strip()) from error
        if response.status_code >= 500:
            raise ApiUnavailable(f"status {response.status_code}", _retry_after_s(response))
        if response.status_code >= 400:
            raise ApiRefused(response.status_code, _problem(response))
        return response.content


def _retry_after_s(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None


def _problem(response: httpx.Response) -> ProblemBody:
    try:
        return json.decode(response.content, type=ProblemBody)
    except msgspec.DecodeError:
        return ProblemBody(
            type="about:blank",
            title=response.reason_phrase,
            status=response.status_code,
            detail="the answer is not a problem of this API",
        )

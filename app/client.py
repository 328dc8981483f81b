"""A caller's side of the approval API."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

import httpx
import msgspec
from msgspec import Struct, json

from app.access.signature import HEADER as SIGNATURE_HEADER
from app.access.signature import sign
from app.problems import IN_FLIGHT, TOO_MANY_REQUESTS, ProblemBody
from app.replies import DecisionRecord, LabelReceipt, OutcomeReceipt, Reply, decode_reply
from app.requests import KEY_HEADER, LabelRequest, OutcomeReport, TransactionRequest
from domain.errors import FaregateError, Retryable

_JSON = {"Content-Type": "application/json"}
_NONE: Mapping[str, str] = MappingProxyType({})
_COME_BACK = frozenset((IN_FLIGHT.status, TOO_MANY_REQUESTS.status))
Answered = TypeVar("Answered")


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


class Decided(Struct, frozen=True, kw_only=True):
    """`replayed`: the reply was given before, and is given again byte for byte."""

    reply: Reply
    replayed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Retries:
    """How often a call is made in all, and the pauses between: doubling, or what the API asks for if longer.

    No pause is longer than `longest_s`.
    """

    attempts: int = 5
    first_s: float = 0.1
    longest_s: float = 5.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def of(self, call: Callable[[], Awaitable[Answered]]) -> Answered:
        """The answer of `call`, made again while it raises ApiUnavailable; raises the last one."""
        for retry in range(self.attempts - 1):
            try:
                return await call()
            except ApiUnavailable as error:
                pause_s = max(self.first_s * 2**retry, error.retry_after_s or 0.0)
                await self.sleep(min(self.longest_s, pause_s))
        return await call()


class DecisionClient:
    """Asynchronous, keeps its connections; close it or use it in `async with`.

    `signing_secret` is that of the key, for keys whose calls must be signed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        signing_secret: str | None = None,
        timeout_s: float = 5.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._bearing = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._signing_secret = signing_secret
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=timeout_s, transport=transport, trust_env=False
        )

    async def decide(self, request: TransactionRequest, *, key: str | None = None) -> Decided:
        """The verdict on a payment, under its transaction id unless another idempotency key is given.

        Raises ApiRefused or ApiUnavailable.
        """
        headers = {KEY_HEADER: key or request.transaction_id}
        response = await self._post("/v1/transactions", json.encode(request), headers)
        replayed = response.headers.get("Idempotency-Replayed") == "true"
        return Decided(reply=decode_reply(response.content), replayed=replayed)

    async def report_outcome(self, transaction_id: str, report: OutcomeReport) -> str:
        """Report what became of a payment and get the outcome's id; raises ApiRefused or ApiUnavailable."""
        response = await self._post(f"/v1/transactions/{transaction_id}/outcome", json.encode(report))
        return json.decode(response.content, type=OutcomeReceipt).outcome_id

    async def find(self, decision_id: str) -> DecisionRecord:
        """A decision with its request and outcomes; raises ApiRefused or ApiUnavailable."""
        response = await self._call("GET", f"/v1/decisions/{decision_id}")
        return json.decode(response.content, type=DecisionRecord)

    async def why(self, decision_id: str) -> bytes:
        """All that a decision saw, as JSON; raises ApiRefused or ApiUnavailable."""
        return (await self._call("GET", f"/v1/decisions/{decision_id}/why")).content

    async def label(self, decision_id: str, label: LabelRequest) -> str:
        """Say what a decision turned out to be, get the label's id; raises ApiRefused or ApiUnavailable."""
        response = await self._post(f"/v1/decisions/{decision_id}/label", json.encode(label))
        return json.decode(response.content, type=LabelReceipt).label_id

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

    async def _post(self, path: str, body: bytes, headers: Mapping[str, str] = _NONE) -> httpx.Response:
        return await self._call("POST", path, body, {**_JSON, **headers})

    async def _call(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = _NONE
    ) -> httpx.Response:
        sent = {**self._bearing, **headers, **self._signature(method, path, body)}
        try:
            response = await self._http.request(method, path, content=body, headers=sent)
        except httpx.TransportError as error:
            raise ApiUnavailable(f"{type(error).__name__} {error}".strip()) from error
        if response.status_code >= 500 or response.status_code in _COME_BACK:
            raise ApiUnavailable(f"status {response.status_code}", _retry_after_s(response))
        if response.status_code >= 400:
            raise ApiRefused(response.status_code, _problem(response))
        return response

    def _signature(self, method: str, path: str, body: bytes) -> dict[str, str]:
        if self._signing_secret is None:
            return {}
        # A retry of ours is another call, with a nonce of its own.
        nonce, now_s = secrets.token_urlsafe(18), int(time.time())
        signature = sign(self._signing_secret, method=method, path=path, body=body, time_s=now_s, nonce=nonce)
        return {SIGNATURE_HEADER: signature.written()}


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

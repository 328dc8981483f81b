"""Every failure of a call as a problem, counted by its kind."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app import problems
from app.answers import Answers
from app.decide import InFlight
from app.ports import KeyReused, LedgerUnavailable, TransactionChanged
from app.problems import Problem, RequestRefused

RETRY_AFTER = {"Retry-After": "1"}  # in seconds
log = logging.getLogger("faregate.http")


class Refusals:
    """`count` is told of each problem."""

    def __init__(self, answers: Answers, count: Callable[[Problem], None]) -> None:
        self._answers = answers
        self._count = count

    def handlers(self) -> Mapping[Any, Callable[[Request, Any], Any]]:
        return {
            RequestRefused: self.refused,
            KeyReused: self.key_reused,
            TransactionChanged: self.changed,
            InFlight: self.in_flight,
            LedgerUnavailable: self.unavailable,
            ClientDisconnect: self.gone,
            HTTPException: self.refused_by_router,
            Exception: self.unexpected,
        }

    async def refused(self, _request: Request, error: RequestRefused) -> Response:
        return self._problem(error.problem, error.detail, field=error.field, headers=error.headers)

    async def key_reused(self, _request: Request, _error: KeyReused) -> Response:
        detail = "another body was decided under this key in the last 24 hours"
        return self._problem(problems.KEY_REUSED, detail, field="Idempotency-Key")

    async def changed(self, _request: Request, _error: TransactionChanged) -> Response:
        detail = "another body was decided under this transaction_id"
        return self._problem(problems.TRANSACTION_CHANGED, detail, field="transaction_id")

    async def in_flight(self, _request: Request, _error: InFlight) -> Response:
        detail = "the first call with this key was not answered by the deadline of this one"
        return self._problem(problems.IN_FLIGHT, detail, field="Idempotency-Key", headers=RETRY_AFTER)

    async def unavailable(self, _request: Request, error: LedgerUnavailable) -> Response:
        log.warning("nothing could be kept or read: %s", error)
        return self._problem(problems.UNAVAILABLE, "the ledger does not answer", headers=RETRY_AFTER)

    async def gone(self, _request: Request, _error: ClientDisconnect) -> Response:
        """Nobody is there to read it."""
        return self._problem(problems.REQUEST_TIMEOUT, "the connection was closed before the body was whole")

    async def refused_by_router(self, _request: Request, error: HTTPException) -> Response:
        if error.status_code == problems.METHOD_NOT_ALLOWED.status:
            detail = "this path takes the methods that `Allow` names"
            return self._problem(problems.METHOD_NOT_ALLOWED, detail, headers=error.headers or {})
        return self._problem(problems.NOT_FOUND, "there is nothing at this path")

    async def unexpected(self, _request: Request, error: Exception) -> Response:
        log.error("unexpected %s", type(error).__name__)  # the server logs the traceback
        return self._problem(problems.UNEXPECTED, "the fault was logged")

    def _problem(
        self, problem: Problem, detail: str, *, field: str | None = None, headers: Mapping[str, str] = {}
    ) -> Response:
        self._count(problem)
        response = self._answers.problem(problem, detail, field=field)
        response.headers.update(headers)
        return response

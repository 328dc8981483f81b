"""The HTTP surface: from bytes to a use case and back, and every failure as a problem."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from msgspec import Struct, json
from starlette.exceptions import HTTPException

from app import openapi, problems
from app.body import read_body
from app.decide import Approval
from app.docs_page import docs_page
from app.health import Health
from app.metrics import CONTENT_TYPE as METRICS_CONTENT_TYPE
from app.metrics import Metrics
from app.outcomes import OutcomeDesk
from app.parity import ParityCheck, ParityUnknown
from app.ports import Ledger, LedgerUnavailable, TransactionChanged
from app.problems import Problem, RequestRefused
from app.replies import OutcomeReceipt, encode_reply
from app.requests import read_outcome, read_transaction, require_fresh, require_id

RETRY_AFTER_S = 1
SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
log = logging.getLogger("faregate.http")


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    approval: Approval
    outcomes: OutcomeDesk
    ledger: Ledger
    health: Health
    metrics: Metrics
    parity: Callable[[], Awaitable[ParityCheck | None]]
    now_ms: Callable[[], int]

    async def decide(self, request: Request) -> Response:
        raw = await read_body(request)
        arrived = time.monotonic()
        read = read_transaction(raw)
        require_fresh(read, self.now_ms())
        answer = await self.approval.decide(read, arrived)
        self.metrics.count_answer(answer)
        return _json(answer.reply)

    async def report_outcome(self, request: Request) -> Response:
        raw = await read_body(request)
        transaction_id = require_id(request.path_params["transaction_id"], "txn")
        outcome_id = await self.outcomes.report(transaction_id, read_outcome(raw, self.now_ms()))
        return _json(encode_reply(OutcomeReceipt(outcome_id=outcome_id)), 202)

    async def find_decision(self, request: Request) -> Response:
        decision_id = require_id(request.path_params["decision_id"], "dec")
        record = await self.ledger.find(decision_id)
        if record is None:
            raise RequestRefused(problems.UNKNOWN_DECISION, "the ledger holds no decision with this id")
        return _json(encode_reply(record))

    async def healthz(self, _request: Request) -> Response:
        return _json_of(self.health.alive())

    async def readyz(self, _request: Request) -> Response:
        readiness = await self.health.ready()
        return _json_of(readiness, 503 if readiness.status == "unready" else 200)

    async def show_metrics(self, _request: Request) -> Response:
        try:
            self.metrics.show_parity(await self.parity())
        except ParityUnknown as error:
            log.warning("%s", error)
            self.metrics.show_parity(None)
        return Response(self.metrics.page(), media_type=METRICS_CONTENT_TYPE)

    async def docs(self, request: Request) -> Response:
        return HTMLResponse(docs_page(request.app.openapi()))

    async def problem_page(self, request: Request) -> Response:
        problem = problems.BY_SLUG.get(request.path_params["slug"])
        if problem is None:
            raise RequestRefused(problems.NOT_FOUND, "there is no problem of this name")
        return HTMLResponse(problems.page(problem))

    async def refused(self, _request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestRefused)  # noqa: S101 - what it is registered for
        return self._problem(error.problem, error.detail, field=error.field)

    async def changed(self, _request: Request, _error: Exception) -> Response:
        return self._problem(
            problems.TRANSACTION_CHANGED, "the ledger holds a decision on it for another body"
        )

    async def unavailable(self, _request: Request, error: Exception) -> Response:
        log.warning("no decision could be kept: %s", error)
        response = self._problem(problems.UNAVAILABLE, "the decision ledger does not answer")
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response

    async def refused_by_router(self, _request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        if error.status_code == 405:
            response = self._problem(problems.METHOD_NOT_ALLOWED, "another method is needed")
            response.headers.update(error.headers or {})
            return response
        return self._problem(problems.NOT_FOUND, "there is nothing at this path")

    async def unexpected(self, _request: Request, error: Exception) -> Response:
        log.error("unexpected %s", type(error).__name__)  # the server logs the traceback
        return self._problem(problems.UNEXPECTED, "the fault was logged")

    def _problem(self, problem: Problem, detail: str, *, field: str | None = None) -> Response:
        self.metrics.refusals.labels(problem.slug).inc()
        body = problems.encode_problem(problem, detail, field)
        return Response(body, problem.status, SECURITY_HEADERS, problems.CONTENT_TYPE)


def build_app(endpoints: Endpoints, **fastapi_options: Any) -> FastAPI:
    app = FastAPI(
        title="Faregate",
        version="1",
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            RequestRefused: endpoints.refused,
            TransactionChanged: endpoints.changed,
            LedgerUnavailable: endpoints.unavailable,
            HTTPException: endpoints.refused_by_router,
            Exception: endpoints.unexpected,
        },
        **fastapi_options,
    )
    for operation in openapi.OPERATIONS:
        app.add_api_route(
            operation.path,
            getattr(endpoints, operation.endpoint),
            methods=[operation.method],
            response_model=None,
            response_class=Response,
            status_code=operation.status,
            summary=operation.summary,
            operation_id=operation.endpoint,
            responses=operation.responses(),
            openapi_extra=operation.extra(),
        )
    app.add_route("/docs", endpoints.docs, include_in_schema=False)
    app.add_route("/problems/{slug}", endpoints.problem_page, include_in_schema=False)
    openapi.add_components(app)
    return app


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, SECURITY_HEADERS, "application/json")


def _json_of(body: Struct, status: int = 200) -> Response:
    return _json(json.encode(body), status)

"""The HTTP surface: from bytes to a use case and back."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import openapi, problems, sandbox
from app.access.gate import Gate
from app.access.keys import ApiKey, Scope
from app.answers import Answers
from app.body import read_body
from app.decide import Approval, Call
from app.docs_page import docs_page
from app.health import Health
from app.labels import LabelDesk
from app.logs import DecisionLog
from app.metrics import CONTENT_TYPE as METRICS_CONTENT_TYPE
from app.metrics import Metrics
from app.operations import OPERATIONS
from app.outcomes import OutcomeDesk
from app.parity import ParityCheck, ParityUnknown
from app.ports import Ledger
from app.problems import UNKNOWN_DECISION, Problem, RequestRefused
from app.refusals import RETRY_AFTER, Refusals
from app.replies import LabelReceipt, OutcomeReceipt, encode_reply
from app.requests import KEY_HEADER, read_label, read_outcome, read_transaction, require_id, require_key
from app.stages import Stage

log = logging.getLogger("faregate.http")
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """`why` tells all that a decision saw, by its id and its tenant; None if the tenant has no such one."""

    gate: Gate
    approval: Approval
    outcomes: OutcomeDesk
    labels: LabelDesk
    ledger: Ledger
    why: Callable[[str, str], Awaitable[bytes | None]]
    health: Health
    metrics: Metrics
    parity: Callable[[], Awaitable[ParityCheck | None]]
    now_ms: Callable[[], int]
    stage: Callable[[Stage, float], None] = lambda _stage, _seconds: None
    monotonic: Callable[[], float] = time.monotonic
    answers: Answers = field(default_factory=Answers)
    decision_log: DecisionLog = field(default_factory=DecisionLog)

    async def decide(self, request: Request) -> Response:
        began = self.monotonic()
        key = self.gate.admit(request.headers, Scope.DECIDE)
        idempotency_key = require_key(request.headers.getlist(KEY_HEADER))
        admitted = self._passed(Stage.ADMIT, began)
        raw = await self._signed_body(request, key)
        arrived = self._passed(Stage.READ_BODY, admitted)
        asked = read_transaction(raw)
        forced = sandbox.forced_for(asked.transaction(), test=key.test)
        if forced and forced.problem:
            raise RequestRefused(forced.problem, "forced by a test token", headers=RETRY_AFTER)
        self._passed(Stage.PARSE, arrived)
        call = Call(caller=key.caller(), key=idempotency_key, request=asked, forced=forced)
        answer = await self.approval.decide(call, arrived)
        self.metrics.count_answer(answer)
        self.decision_log.tell(answer)
        return self.answers.repeated(answer.reply) if answer.repeated else self.answers.json(answer.reply)

    async def report_outcome(self, request: Request) -> Response:
        key = self.gate.admit(request.headers, Scope.OUTCOME)
        transaction_id = _path_id(request, "txn", "transaction_id")
        report = read_outcome(await self._signed_body(request, key), self.now_ms())
        outcome_id = await self.outcomes.report(transaction_id, report, key.tenant)
        return self.answers.json(encode_reply(OutcomeReceipt(outcome_id=outcome_id)), 202)

    async def label_decision(self, request: Request) -> Response:
        key = self.gate.admit(request.headers, Scope.LABEL)
        decision_id = _path_id(request, "dec", "decision_id")
        asked = read_label(await self._signed_body(request, key))
        label_id = await self.labels.label(decision_id, asked, key.caller())
        return self.answers.json(encode_reply(LabelReceipt(label_id=label_id)), 201)

    async def find_decision(self, request: Request) -> Response:
        decision_id, tenant = self._asked_for(request)
        record = await self.ledger.find(decision_id, tenant)
        return self.answers.json(encode_reply(_found(record)))

    async def explain_decision(self, request: Request) -> Response:
        decision_id, tenant = self._asked_for(request)
        return self.answers.json(_found(await self.why(decision_id, tenant)))

    async def healthz(self, _request: Request) -> Response:
        return self.answers.json_of(self.health.alive())

    async def readyz(self, _request: Request) -> Response:
        readiness = await self.health.ready()
        return self.answers.json_of(readiness, 503 if readiness.status == "unready" else 200)

    async def show_metrics(self, request: Request) -> Response:
        if not self.gate.open_metrics:
            self._require_signed(request, self.gate.admit(request.headers, Scope.METRICS), b"")
        try:
            self.metrics.show_parity(await self.parity())
        except ParityUnknown as error:
            log.warning("%s", error)
            self.metrics.show_parity(None)
        return self.answers.text(self.metrics.page(), METRICS_CONTENT_TYPE)

    async def document(self, _request: Request) -> Response:
        return self.answers.json(openapi.encoded())

    async def docs(self, _request: Request) -> Response:
        return self.answers.page(docs_page(openapi.document()))

    async def problem_page(self, request: Request) -> Response:
        problem = problems.BY_SLUG.get(request.path_params["slug"])
        if problem is None:
            raise RequestRefused(problems.NOT_FOUND, "there is no problem of this name", field="slug")
        return self.answers.page(problems.page(problem))

    def count_refusal(self, problem: Problem) -> None:
        self.metrics.refusals.labels(problem.slug).inc()
        if problem is problems.TOO_MANY_REQUESTS:
            self.metrics.rate_limited.inc()
        if problem is problems.IN_FLIGHT:
            self.metrics.in_flight_conflicts.inc()

    def _asked_for(self, request: Request) -> tuple[str, str]:
        """Which decision, and of which tenant."""
        key = self.gate.admit(request.headers, Scope.READ)
        self._require_signed(request, key, b"")
        return _path_id(request, "dec", "decision_id"), key.tenant

    async def _signed_body(self, request: Request, key: ApiKey) -> bytes:
        raw = await read_body(request)
        self._require_signed(request, key, raw)
        return raw

    def _require_signed(self, request: Request, key: ApiKey, body: bytes) -> None:
        self.gate.require_signature(
            key, request.headers, method=request.method, path=_target(request), body=body
        )

    def _passed(self, stage: Stage, since: float) -> float:
        now = self.monotonic()
        self.stage(stage, now - since)
        return now


def build_app(endpoints: Endpoints) -> Starlette:
    refusals = Refusals(endpoints.answers, endpoints.count_refusal)
    app = Starlette(
        routes=[
            *(
                Route(operation.path, getattr(endpoints, operation.endpoint), methods=[operation.method])
                for operation in OPERATIONS
            ),
            Route("/openapi.json", endpoints.document),
            Route("/docs", endpoints.docs),
            Route("/problems/{slug}", endpoints.problem_page),
        ],
        exception_handlers=dict(refusals.handlers()),
    )
    app.router.redirect_slashes = False
    return app


def _path_id(request: Request, prefix: str, name: str) -> str:
    return require_id(request.path_params[name], prefix, name)


def _target(request: Request) -> str:
    """Path and query as they were sent, before any decoding."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _found(found: Found | None) -> Found:
    if found is None:
        detail = "the ledger holds no decision with this id"
        raise RequestRefused(UNKNOWN_DECISION, detail, field="decision_id")
    return found

"""The API's own description: operations declared once, schemas taken from the msgspec types they use."""

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import FastAPI
from msgspec import Struct, json

from app import problems
from app.health import Alive, Readiness
from app.problems import Problem, ProblemBody
from app.replies import DecisionRecord, OutcomeReceipt, Reply
from app.requests import OutcomeReport, TransactionRequest

DESCRIPTION = (
    "Decides, while a ride payment is waiting, whether to let it through. Every well-formed transaction gets "
    "a verdict; the same transaction again gets the same reply, byte for byte. Anything else is an RFC 9457 "
    "problem whose `type` is a page here. `score` shows the probability of fraud on a scale from 0 to 99: 50 "
    "is even odds, every 7 points double the odds. `rung` says what stood behind the verdict: R0 the model "
    "on fresh histories, R1 on histories up to a minute old, R2 the request's own data, R3 the amount alone."
)
_BODY_PROBLEMS = (
    problems.MALFORMED_JSON, problems.INVALID_REQUEST, problems.CARD_NUMBER, problems.BODY_TOO_LARGE,
    problems.UNSUPPORTED_MEDIA_TYPE, problems.UNAVAILABLE,
)  # fmt: skip
_SCHEMAS = "#/components/schemas/"


@dataclass(frozen=True, kw_only=True)
class Operation:
    method: Literal["GET", "POST"]
    path: str
    endpoint: str
    summary: str
    reply: type[Struct] | None
    status: int = 200
    body: type[Struct] | None = None
    parameter: str | None = None
    refusals: tuple[Problem, ...] = ()

    def responses(self) -> dict[int | str, dict[str, Any]]:
        described: dict[int | str, dict[str, Any]] = {self.status: {"description": self.summary}}
        if self.reply:
            described[self.status]["content"] = _content("application/json", self.reply)
        for status in sorted({problem.status for problem in self.refusals}):
            titles = [problem.title for problem in self.refusals if problem.status == status]
            described[status] = {
                "description": "; or ".join(titles),
                "content": _content(problems.CONTENT_TYPE, ProblemBody),
            }
        return described

    def extra(self) -> dict[str, Any]:
        extra: dict[str, Any] = {}
        if self.body:
            extra["requestBody"] = {"required": True, "content": _content("application/json", self.body)}
        if self.parameter:
            place = {"name": self.parameter, "in": "path", "required": True}
            extra["parameters"] = [{**place, "schema": {"type": "string"}}]
        return extra


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/transactions",
        endpoint="decide",
        summary="Decide on a payment",
        body=TransactionRequest,
        reply=Reply,
        refusals=(*_BODY_PROBLEMS, problems.WRONG_CURRENCY, problems.TRANSACTION_CHANGED),
    ),
    Operation(
        method="POST",
        path="/v1/transactions/{transaction_id}/outcome",
        endpoint="report_outcome",
        summary="Report what became of a payment",
        parameter="transaction_id",
        body=OutcomeReport,
        reply=OutcomeReceipt,
        status=202,
        refusals=(*_BODY_PROBLEMS, problems.UNKNOWN_TRANSACTION),
    ),
    Operation(
        method="GET",
        path="/v1/decisions/{decision_id}",
        endpoint="find_decision",
        summary="Read a decision back, with its request and outcomes",
        parameter="decision_id",
        reply=DecisionRecord,
        refusals=(problems.UNKNOWN_DECISION, problems.UNAVAILABLE),
    ),
    Operation(method="GET", path="/healthz", endpoint="healthz", summary="This process lives", reply=Alive),
    Operation(
        method="GET",
        path="/readyz",
        endpoint="readyz",
        summary="This process can do its work; 503 with the same body if not",
        reply=Readiness,
    ),
    Operation(
        method="GET", path="/metrics", endpoint="show_metrics", summary="Metrics for Prometheus", reply=None
    ),
)


def _content(media_type: str, of: type[Struct]) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": _SCHEMAS + of.__name__}}}


def add_components(app: FastAPI) -> None:
    """Give the app's OpenAPI document the schemas that its operations refer to."""
    plain = app.openapi

    def with_schemas() -> dict[str, Any]:
        document = plain()
        document.setdefault("components", {})["schemas"] = schemas()
        return document

    app.openapi = with_schemas  # type: ignore[method-assign]  # FastAPI's documented way


def schemas() -> dict[str, Any]:
    described = (TransactionRequest, OutcomeReport, Reply, OutcomeReceipt, DecisionRecord)
    _, components = json.schema_components(
        (*described, ProblemBody, Alive, Readiness), ref_template=_SCHEMAS + "{name}"
    )
    # The record holds the two as the very bytes they were.
    record = components["DecisionRecord"]["properties"]
    record["reply"] = {"$ref": _SCHEMAS + "Reply"}
    record["request"] = {"$ref": _SCHEMAS + "TransactionRequest"}
    return components

"""The API's own description: operations declared once, schemas taken from the msgspec types they use."""

from functools import cache
from typing import Any

from msgspec import Struct, json

from app import problems
from app.access.signature import HEADER as SIGNATURE_HEADER
from app.api_examples import example_of, problem_example
from app.explaining import Why
from app.health import Alive, Readiness
from app.operations import OPERATIONS, Operation
from app.problems import Problem, ProblemBody
from app.replies import DecisionRecord, LabelReceipt, OutcomeReceipt, RecordedOutcome, Reply, Versions
from app.requests import KEY_HEADER, LabelRequest, OutcomeReport, TransactionRequest

DESCRIPTION = (
    "Decides, while a ride payment is waiting, whether to let it through. Every well-formed transaction gets "
    "a verdict; the same key and body again get the same reply, byte for byte, for 24 hours. All else is an "
    "RFC 9457 problem whose `type` is a page here. `score` shows the probability of fraud on a scale from "
    "0 to 99: 50 is even odds, every 7 points double the odds. `rung` says what stood behind the verdict: R0 "
    "the model on fresh histories, R1 on histories up to a minute old, R2 the request's own data, R3 the "
    "amount alone. Test keys may force verdicts with the cards card_testapprove, card_testreview, "
    "card_testchallenge and card_testdecline, and rungs with riders such as usr_testr2stale."
)
_SCHEMAS = "#/components/schemas/"
_HEADERS = "#/components/headers/"
_REPLIES = (Reply, Versions, DecisionRecord, RecordedOutcome, OutcomeReceipt, LabelReceipt, Alive, Readiness)
_RECEIVED = (TransactionRequest, OutcomeReport, LabelRequest)
_RETRIED = frozenset((problems.IN_FLIGHT, problems.TOO_MANY_REQUESTS, problems.UNAVAILABLE))
_CHALLENGED = frozenset((problems.UNAUTHENTICATED, problems.BAD_SIGNATURE))


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document; not to be changed by who gets it."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Faregate", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas(), "headers": _headers(), "securitySchemes": _security_schemes()},
    }


@cache
def encoded() -> bytes:
    return json.encode(document())


def schemas() -> dict[str, Any]:
    _, components = json.schema_components(
        (*_RECEIVED, *_REPLIES, Why, ProblemBody), ref_template=_SCHEMAS + "{name}"
    )
    for reply in _REPLIES:  # an answer always holds all its fields
        schema = components[reply.__name__]
        schema["required"] = list(schema["properties"])
    # Records hold the two as the very bytes they were.
    for holder in ("DecisionRecord", "Why"):
        held = components[holder]["properties"]
        held["reply"] = {"$ref": _SCHEMAS + "Reply"}
        held["request"] = {"$ref": _SCHEMAS + "TransactionRequest"}
    components["ProblemBody"]["properties"]["type"] = {
        "type": "string",
        "enum": [problem.type for problem in problems.ALL],
    }
    return components


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.endpoint,
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": _content("application/json", operation.body)}
    if operation.scope:
        described["security"] = [{"apiKey": [operation.scope.value]}]
        described["description"] = f"The key needs the scope `{operation.scope.value}`."
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters = []
    if operation.path_id:
        name, prefix = operation.path_id
        schema = {"type": "string", "pattern": f"^{prefix}_[a-z0-9]{{1,64}}$"}
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    if operation.idempotent:
        parameters.append(
            {
                "name": KEY_HEADER,
                "in": "header",
                "required": True,
                "description": "Of your own choice, the same with every retry; remembered for 24 hours.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
                "example": "txn_7k2m9q",
            }
        )
    if operation.scope:
        parameters.append(
            {
                "name": SIGNATURE_HEADER,
                "in": "header",
                "required": False,
                "description": "Demanded of keys that were made with --signed; see docs/decision-api.md.",
                "schema": {"type": "string"},
            }
        )
    return parameters


def _responses(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {str(operation.status): _success(operation)}
    if operation.unready:
        described["503"] = {
            "description": "It cannot, and says why",
            "content": _content("application/json", Readiness),
        }
    refusals = operation.all_refusals()
    for status in sorted({problem.status for problem in refusals}):
        described[str(status)] = _refusal([problem for problem in refusals if problem.status == status])
    return described


def _success(operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": operation.summary}
    if operation.reply:
        success["content"] = _content("application/json", operation.reply)
    else:
        success["content"] = {"text/plain": {"schema": {"type": "string"}}}
    if operation.idempotent:
        success["headers"] = {"Idempotency-Replayed": {"$ref": _HEADERS + "IdempotencyReplayed"}}
    if operation.links:
        success["links"] = {
            endpoint: {"operationId": endpoint, "parameters": {name: f"$response.body#{pointer}"}}
            for endpoint, name, pointer in operation.links
        }
    return success


def _refusal(refusals: list[Problem]) -> dict[str, Any]:
    headers = {}
    if any(problem in _RETRIED for problem in refusals):
        headers["Retry-After"] = {"$ref": _HEADERS + "RetryAfter"}
    if any(problem in _CHALLENGED for problem in refusals):
        headers["WWW-Authenticate"] = {"$ref": _HEADERS + "WWWAuthenticate"}
    types = {"properties": {"type": {"enum": [problem.type for problem in refusals]}}}
    content: dict[str, Any] = {
        "schema": {"allOf": [{"$ref": _SCHEMAS + "ProblemBody"}, types]},
        "examples": {problem.slug: {"value": problem_example(problem)} for problem in refusals},
    }
    described: dict[str, Any] = {
        "description": "; or ".join(problem.title for problem in refusals),
        "content": {problems.CONTENT_TYPE: content},
    }
    return described | {"headers": headers} if headers else described


def _content(media_type: str, of: type[Struct]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": _SCHEMAS + of.__name__}}
    example = example_of(of)
    if example is not None:
        content["examples"] = {"usual": {"value": example}}
    return {media_type: content}


def _headers() -> dict[str, Any]:
    return {
        "IdempotencyReplayed": {
            "description": "There when the reply was stored before, and is given again byte for byte.",
            "schema": {"type": "string", "const": "true"},
        },
        "RetryAfter": {
            "description": "Seconds after which the same call may be sent again.",
            "schema": {"type": "integer", "minimum": 1},
        },
        "WWWAuthenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
    }


def _security_schemes() -> dict[str, Any]:
    return {
        "apiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key made with `faregate keys create`: `Authorization: Bearer fgk_…`.",
        }
    }

"""The operations of the API, each declared once: the routes and the document are made of this."""

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from app import problems
from app.access.keys import Scope
from app.explaining import Why
from app.health import Alive, Readiness
from app.problems import Problem
from app.replies import DecisionRecord, LabelReceipt, OutcomeReceipt, Reply
from app.requests import LabelRequest, OutcomeReport, TransactionRequest

_GATE_PROBLEMS = (
    problems.UNAUTHENTICATED, problems.BAD_SIGNATURE, problems.FORBIDDEN, problems.TOO_MANY_REQUESTS,
    problems.UNAVAILABLE,
)  # fmt: skip
_BODY_PROBLEMS = (
    problems.MALFORMED_JSON, problems.INVALID_REQUEST, problems.CARD_NUMBER, problems.CARD_DATA,
    problems.BODY_TOO_LARGE, problems.UNSUPPORTED_MEDIA_TYPE, problems.REQUEST_TIMEOUT,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Operation:
    """`endpoint` names a method of routes.Endpoints; `path_id` is a path parameter and its id's prefix.

    A link leads to a parameter of another operation, from a field of the reply: a JSON pointer.
    """

    method: Literal["GET", "POST"]
    path: str
    endpoint: str
    summary: str
    reply: type[Struct] | None
    scope: Scope | None = None
    status: int = 200
    body: type[Struct] | None = None
    path_id: tuple[str, str] | None = None
    idempotent: bool = False
    unready: bool = False
    refusals: tuple[Problem, ...] = ()
    links: tuple[tuple[str, str, str], ...] = ()

    def all_refusals(self) -> tuple[Problem, ...]:
        """Each problem that this operation can answer with."""
        refusals = (
            self.refusals + (_BODY_PROBLEMS if self.body else ()) + (_GATE_PROBLEMS if self.scope else ())
        )
        return tuple(dict.fromkeys(refusals))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/transactions",
        endpoint="decide",
        summary="Decide on a payment",
        scope=Scope.DECIDE,
        body=TransactionRequest,
        reply=Reply,
        idempotent=True,
        refusals=(
            problems.KEY_MISSING, problems.KEY_MALFORMED, problems.KEY_REUSED, problems.IN_FLIGHT,
            problems.TRANSACTION_CHANGED, problems.WRONG_CURRENCY, problems.TEST_TOKEN,
        ),
        links=(
            ("report_outcome", "transaction_id", "/transaction_id"),
            ("find_decision", "decision_id", "/decision_id"),
            ("explain_decision", "decision_id", "/decision_id"),
            ("label_decision", "decision_id", "/decision_id"),
        ),
    ),
    Operation(
        method="POST",
        path="/v1/transactions/{transaction_id}/outcome",
        endpoint="report_outcome",
        summary="Report what became of a payment",
        scope=Scope.OUTCOME,
        path_id=("transaction_id", "txn"),
        body=OutcomeReport,
        reply=OutcomeReceipt,
        status=202,
        refusals=(problems.UNKNOWN_TRANSACTION,),
    ),
    Operation(
        method="GET",
        path="/v1/decisions/{decision_id}",
        endpoint="find_decision",
        summary="Read a decision back, with its request and outcomes",
        scope=Scope.READ,
        path_id=("decision_id", "dec"),
        reply=DecisionRecord,
        refusals=(problems.UNKNOWN_DECISION, problems.INVALID_REQUEST),
        links=(
            ("explain_decision", "decision_id", "/reply/decision_id"),
            ("label_decision", "decision_id", "/reply/decision_id"),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/decisions/{decision_id}/why",
        endpoint="explain_decision",
        summary="All that a decision saw, and whether it comes out the same when it is made again",
        scope=Scope.READ,
        path_id=("decision_id", "dec"),
        reply=Why,
        refusals=(problems.UNKNOWN_DECISION, problems.INVALID_REQUEST),
    ),
    Operation(
        method="POST",
        path="/v1/decisions/{decision_id}/label",
        endpoint="label_decision",
        summary="Say what a decision turned out to be, as an analyst",
        scope=Scope.LABEL,
        path_id=("decision_id", "dec"),
        body=LabelRequest,
        reply=LabelReceipt,
        status=201,
        refusals=(problems.UNKNOWN_DECISION,),
    ),
    Operation(method="GET", path="/healthz", endpoint="healthz", summary="This process lives", reply=Alive),
    Operation(
        method="GET",
        path="/readyz",
        endpoint="readyz",
        summary="This process can do its work, tried out by doing it",
        reply=Readiness,
        unready=True,
    ),
    Operation(
        method="GET",
        path="/metrics",
        endpoint="show_metrics",
        summary="Metrics for Prometheus; a deployment may demand a key with the scope `metrics`",
        reply=None,
        refusals=(
            problems.UNAUTHENTICATED, problems.BAD_SIGNATURE, problems.FORBIDDEN, problems.TOO_MANY_REQUESTS,
        ),
    ),
)  # fmt: skip

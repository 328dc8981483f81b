"""Every way a call can be refused, as RFC 9457 problems; each `type` is a page that this API serves."""

from dataclasses import dataclass
from html import escape

from msgspec import Struct, json

from domain.errors import FaregateError

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, kw_only=True)
class Problem:
    slug: str
    status: int
    title: str
    meaning: str
    next_step: str

    @property
    def type(self) -> str:
        return f"/problems/{self.slug}"


MALFORMED_JSON = Problem(
    slug="malformed-json",
    status=400,
    title="The body is not one JSON object",
    meaning="The body could not be read as JSON in UTF-8, or names a field twice.",
    next_step="Send one JSON object without duplicate keys, NaN or text after it.",
)
INVALID_REQUEST = Problem(
    slug="invalid-request",
    status=422,
    title="A field is missing, unknown or out of range",
    meaning="The body is JSON but not what this operation takes; `field` says where.",
    next_step="Compare the body with the schema at /docs and send it again.",
)
WRONG_CURRENCY = Problem(
    slug="wrong-currency",
    status=422,
    title="The amount is not in the settlement currency",
    meaning="One deployment decides in one currency, so that amounts can be compared with the past.",
    next_step="Convert the amount to the settlement currency and send it again.",
)
CARD_NUMBER = Problem(
    slug="card-number",
    status=422,
    title="A field holds what looks like a card number",
    meaning="Card numbers must never enter: this API takes tokens. Nothing of the body was stored or logged.",
    next_step="Replace the number in `field` by its token.",
)
BODY_TOO_LARGE = Problem(
    slug="body-too-large",
    status=413,
    title="The body is too large",
    meaning="A body may have 64 KiB at most.",
    next_step="Send the operation's own fields only.",
)
UNSUPPORTED_MEDIA_TYPE = Problem(
    slug="unsupported-media-type",
    status=415,
    title="The body is not declared as JSON",
    meaning="Bodies are read as application/json in UTF-8, without compression.",
    next_step="Send `Content-Type: application/json` and no `Content-Encoding`.",
)
TRANSACTION_CHANGED = Problem(
    slug="transaction-changed",
    status=409,
    title="This transaction was decided with another body",
    meaning="A transaction is decided once: the same body gets the same reply, another body is refused.",
    next_step="Use a new transaction_id for a new payment.",
)
UNKNOWN_TRANSACTION = Problem(
    slug="unknown-transaction",
    status=404,
    title="No decision on this transaction",
    meaning="An outcome belongs to a payment that was decided here before.",
    next_step="Check the transaction_id; ask for a decision first.",
)
UNKNOWN_DECISION = Problem(
    slug="unknown-decision",
    status=404,
    title="No such decision",
    meaning="The ledger holds no decision with this id.",
    next_step="Check the decision_id in the reply to the transaction.",
)
NOT_FOUND = Problem(
    slug="not-found",
    status=404,
    title="No such page",
    meaning="This API has nothing at this path.",
    next_step="See /docs for what there is.",
)
METHOD_NOT_ALLOWED = Problem(
    slug="method-not-allowed",
    status=405,
    title="This path takes another method",
    meaning="The path exists, but not for this HTTP method; `Allow` names those it takes.",
    next_step="See /docs for the method.",
)
UNAVAILABLE = Problem(
    slug="unavailable",
    status=503,
    title="No decision can be kept at the moment",
    meaning="A verdict that cannot be stored is never given. The payment was not decided.",
    next_step="Send the same body again after the seconds in `Retry-After`.",
)
UNEXPECTED = Problem(
    slug="unexpected",
    status=500,
    title="Something went wrong here",
    meaning="A fault of this service, which is counted and logged.",
    next_step="Send the same body again; report the time if it persists.",
)

ALL = (
    MALFORMED_JSON, INVALID_REQUEST, WRONG_CURRENCY, CARD_NUMBER, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE,
    TRANSACTION_CHANGED, UNKNOWN_TRANSACTION, UNKNOWN_DECISION, NOT_FOUND, METHOD_NOT_ALLOWED, UNAVAILABLE,
    UNEXPECTED,
)  # fmt: skip
BY_SLUG = {problem.slug: problem for problem in ALL}


class RequestRefused(FaregateError):
    """A call that gets a problem instead of an answer; `detail` never holds a value of the body."""

    def __init__(self, problem: Problem, detail: str, *, field: str | None = None) -> None:
        super().__init__(f"{problem.title}: {detail}")
        self.problem = problem
        self.detail = detail
        self.field = field


class ProblemBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The members of RFC 9457, and `field`: the path of the field that is wrong."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None


def encode_problem(problem: Problem, detail: str, field: str | None = None) -> bytes:
    body = ProblemBody(
        type=problem.type, title=problem.title, status=problem.status, detail=detail, field=field
    )
    return json.encode(body)


def page(problem: Problem) -> str:
    """The page behind the problem's `type`, as HTML."""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(problem.title)}</title>"
        "<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>"
        f"<h1>{escape(problem.title)}</h1><p>Status {problem.status}, type <code>{problem.type}</code></p>"
        f"<p>{escape(problem.meaning)}</p><p><b>What to do:</b> {escape(problem.next_step)}</p></html>"
    )

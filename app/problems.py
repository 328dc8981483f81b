"""Every way a call can be refused, as RFC 9457 problems; each `type` is a page that this API serves."""

from collections.abc import Mapping
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
    meaning="The call is readable but not what this operation takes; `field` says where.",
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
CARD_DATA = Problem(
    slug="card-data",
    status=422,
    title="A field is named for card data",
    meaning="Security codes, PINs, track data and card numbers must never enter, under whatever name. "
    "Nothing of the body was stored or logged.",
    next_step="Remove the field, and make sure that the calling service does not keep it either.",
)
TEST_TOKEN = Problem(
    slug="test-token",
    status=422,
    title="A test token in a live call",
    meaning="The published test tokens force verdicts and rungs. Only test keys may use them.",
    next_step="Send the real token, or call with a test key.",
)
BODY_TOO_LARGE = Problem(
    slug="body-too-large",
    status=413,
    title="The body is too large",
    meaning="A body may have 16 KiB at most.",
    next_step="Send the operation's own fields only.",
)
UNSUPPORTED_MEDIA_TYPE = Problem(
    slug="unsupported-media-type",
    status=415,
    title="The body is not declared as JSON",
    meaning="Bodies are read as application/json in UTF-8, without compression.",
    next_step="Send `Content-Type: application/json` and no `Content-Encoding`.",
)
KEY_MISSING = Problem(
    slug="idempotency-key-missing",
    status=400,
    title="The Idempotency-Key header is missing",
    meaning="A decision is asked for under a key, so that a retry gets the same answer, not another.",
    next_step="Send `Idempotency-Key` with a value of your own, and the same value with every retry.",
)
KEY_MALFORMED = Problem(
    slug="idempotency-key-malformed",
    status=422,
    title="The Idempotency-Key cannot be used",
    meaning="A key is one header of 1 to 200 visible ASCII characters without spaces, and no card number.",
    next_step="Use a random or derived id, such as the transaction_id.",
)
KEY_REUSED = Problem(
    slug="idempotency-key-reused",
    status=422,
    title="This Idempotency-Key was used with another body",
    meaning="A key stands for one request for 24 hours; another body under it would be another payment.",
    next_step="Use a new key for a new payment; retry with the body that was sent first.",
)
IN_FLIGHT = Problem(
    slug="in-flight",
    status=409,
    title="The same key is being decided right now",
    meaning="Another call with this Idempotency-Key has not been answered yet.",
    next_step="Send the same body with the same key again after the seconds in `Retry-After`.",
)
TRANSACTION_CHANGED = Problem(
    slug="transaction-changed",
    status=422,
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
    meaning="The ledger holds no decision with this id that was made for this caller.",
    next_step="Check the decision_id in the reply to the transaction.",
)
UNAUTHENTICATED = Problem(
    slug="unauthenticated",
    status=401,
    title="No valid API key",
    meaning="Every call needs a key that is known, not expired and not revoked.",
    next_step="Send `Authorization: Bearer fgk_…` with a key in force; `faregate keys create` makes one.",
)
BAD_SIGNATURE = Problem(
    slug="bad-signature",
    status=401,
    title="The signature does not hold",
    meaning="The key demands signed calls, or `Faregate-Signature` was sent, and it does not prove the call: "
    "it is missing, of another call, more than 5 minutes off, or was used before.",
    next_step="Sign method, path, time, a new nonce and the body as docs/decision-api.md says; send again.",
)
FORBIDDEN = Problem(
    slug="forbidden",
    status=403,
    title="The key lacks the scope",
    meaning="Each operation needs a scope, and this key was made without it.",
    next_step="Use a key with the scope that `detail` names.",
)
TOO_MANY_REQUESTS = Problem(
    slug="too-many-requests",
    status=429,
    title="Too many calls with this key",
    meaning="Each key has a rate and a burst, counted over all processes of a host.",
    next_step="Send the same call again after the seconds in `Retry-After`.",
)
REQUEST_TIMEOUT = Problem(
    slug="request-timeout",
    status=408,
    title="The request did not arrive in time",
    meaning="Head and body of a request must each be complete within 5 seconds.",
    next_step="Send the same request again, in one go.",
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
    MALFORMED_JSON, INVALID_REQUEST, WRONG_CURRENCY, CARD_NUMBER, CARD_DATA, TEST_TOKEN, BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE, KEY_MISSING, KEY_MALFORMED, KEY_REUSED, IN_FLIGHT, TRANSACTION_CHANGED,
    UNKNOWN_TRANSACTION, UNKNOWN_DECISION, UNAUTHENTICATED, BAD_SIGNATURE, FORBIDDEN, TOO_MANY_REQUESTS,
    REQUEST_TIMEOUT, NOT_FOUND, METHOD_NOT_ALLOWED, UNAVAILABLE, UNEXPECTED,
)  # fmt: skip
BY_SLUG = {problem.slug: problem for problem in ALL}


class RequestRefused(FaregateError):
    """A call that gets a problem instead of an answer; `detail` never holds a value of the call.

    `field` is the path of a field of the body, or the name of a header or path parameter.
    """

    def __init__(
        self,
        problem: Problem,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{problem.title}: {detail}")
        self.problem = problem
        self.detail = detail
        self.field = field
        self.headers = headers or {}


class ProblemBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The members of RFC 9457; `field` says where it is wrong, `next_step` what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    next_step: str = ""
    field: str | None = None


def encode_problem(problem: Problem, detail: str, field: str | None = None) -> bytes:
    return json.encode(body_of(problem, detail, field))


def body_of(problem: Problem, detail: str, field: str | None = None) -> ProblemBody:
    return ProblemBody(
        type=problem.type,
        title=problem.title,
        status=problem.status,
        detail=detail,
        next_step=problem.next_step,
        field=field,
    )


def page(problem: Problem) -> str:
    """The page behind the problem's `type`, as HTML."""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(problem.title)}</title>"
        "<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>"
        f"<h1>{escape(problem.title)}</h1><p>Status {problem.status}, type <code>{problem.type}</code></p>"
        f"<p>{escape(problem.meaning)}</p><p><b>What to do:</b> {escape(problem.next_step)}</p></html>"
    )

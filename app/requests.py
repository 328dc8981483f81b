"""What callers send, read strictly: no unknown fields, duplicate keys, loose types or card numbers."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, json

from app.card_numbers import holds_card_number
from app.problems import (
    INVALID_REQUEST,
    KEY_MALFORMED,
    KEY_MISSING,
    MALFORMED_JSON,
    WRONG_CURRENCY,
    RequestRefused,
)
from app.strict_json import refuse_card_data, refuse_card_numbers, refuse_duplicate_keys
from domain.decision import Outcome
from domain.display import DAY_MS, MINUTE_MS
from domain.events import AmountMinor, AwareTime, Distance, Latitude, Longitude, to_ms
from domain.money import SETTLEMENT_CURRENCY
from domain.transaction import Transaction

MAX_BODY_BYTES = 16 * 1024
MAX_AHEAD_MS = 5 * MINUTE_MS
MAX_AGE_MS = DAY_MS
_DETAIL_LIMIT = 200
_FIRST_YEAR, _LAST_YEAR = 2000, 9998
KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,200}")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING_FIELD = re.compile(r"Object missing required field `(\w+)`")
_OUR_WORDS = frozenset(
    ("verdict", "score", "probability", "risk", "risk_score", "fraud", "is_fraud", "fraud_score", "decision",
     "decision_id", "label", "approved", "action", "rung", "reasons", "rules", "versions", "decided_at")
)  # fmt: skip


def _id(prefix: str) -> Meta:
    # Python's `$` also matches before a final newline, hence the look-ahead.
    return Meta(pattern=f"^{prefix}_[a-z0-9]{{1,64}}(?!\\n)$", examples=[f"{prefix}_7k2m9q"])


TransactionId = Annotated[str, _id("txn")]
ZoneId = Annotated[str, _id("zone")]
# Base 32 of a sha256: unlike hexadecimal it hardly ever holds digits enough to look like a card number.
EmailHash = Annotated[
    str,
    Meta(
        pattern="^emh_[a-z2-7]{52}(?!\\n)$",
        description="base 32, lower case without padding, of sha256 of the address in lower case",
        examples=["emh_jeh5cy3akcawqu37cvzbzrqrih2fu4tf4zpwx4vspl6pa73gwlpa"],
    ),
]


class Place(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A zone of the city and the point in it, in degrees."""

    zone: ZoneId
    lat: Latitude
    lon: Longitude


class TransactionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A ride payment that waits for a verdict. Money is in minor units, distance in metres."""

    transaction_id: TransactionId
    ride_id: Annotated[str, _id("ride")]
    user_id: Annotated[str, _id("usr")]
    card_id: Annotated[str, _id("card")]
    device_id: Annotated[str, _id("dev")]
    driver_id: Annotated[str, _id("drv")]
    amount_minor: AmountMinor
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}(?!\\n)$", description="ISO 4217", examples=["USD"])]
    pickup: Place
    dropoff: Place
    distance_m: Distance
    requested_at: AwareTime
    promo_id: Annotated[str, _id("promo")] | None = None
    email_hash: EmailHash | None = None

    def transaction(self) -> Transaction:
        return Transaction(
            transaction_id=self.transaction_id,
            ride_id=self.ride_id,
            user_id=self.user_id,
            card_id=self.card_id,
            device_id=self.device_id,
            driver_id=self.driver_id,
            amount_minor=self.amount_minor,
            currency=self.currency,
            pickup_zone=self.pickup.zone,
            dropoff_zone=self.dropoff.zone,
            pickup_lat=self.pickup.lat,
            pickup_lon=self.pickup.lon,
            distance_m=self.distance_m,
            requested_at_ms=to_ms(self.requested_at),
            promo_id=self.promo_id,
        )

    def canonical(self) -> bytes:
        """The same bytes for every way of writing the same request."""
        in_utc = msgspec.structs.replace(self, requested_at=self.requested_at.astimezone(UTC))
        return json.encode(in_utc)


class OutcomeReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What became of a payment; the amount is the whole payment's unless given."""

    outcome: Outcome
    occurred_at: AwareTime
    reason_code: Annotated[str, Meta(pattern="^[A-Za-z0-9_.]{1,40}(?!\\n)$", examples=["10.4"])] | None = None
    amount_minor: AmountMinor | None = None


class LabelRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An analyst's word on a decision; the newest holds, and a chargeback stands above it."""

    label: Literal["fraud", "good"]
    why: Annotated[
        str,
        Meta(
            max_length=500,
            pattern="^[^\\x00-\\x1f\\x7f]*(?!\\n)$",
            examples=["the rider confirmed the ride by phone"],
        ),
    ] = ""


Body = TypeVar("Body", TransactionRequest, OutcomeReport, LabelRequest)
_transaction_decoder = json.Decoder(TransactionRequest)
_outcome_decoder = json.Decoder(OutcomeReport)
_label_decoder = json.Decoder(LabelRequest)


def read_transaction(raw: bytes) -> TransactionRequest:
    """The request in `raw`, or RequestRefused that names the field and never its value."""
    request = _decoded(raw, _transaction_decoder)
    if request.currency != SETTLEMENT_CURRENCY:
        raise RequestRefused(
            WRONG_CURRENCY, f"this deployment settles in {SETTLEMENT_CURRENCY}", field="currency"
        )
    _require_our_times(request.requested_at, "requested_at")
    return request


def require_fresh(request: TransactionRequest, now_ms: int) -> None:
    """Raises RequestRefused for a payment of another time; a retry of a decided one need not be fresh."""
    _require_near(request.requested_at, now_ms, "requested_at")
    if to_ms(request.requested_at) < now_ms - MAX_AGE_MS:
        raise RequestRefused(INVALID_REQUEST, "requested_at is more than 24 h ago", field="requested_at")


def read_outcome(raw: bytes, now_ms: int) -> OutcomeReport:
    """The report in `raw`, or RequestRefused."""
    report = _decoded(raw, _outcome_decoder)
    _require_our_times(report.occurred_at, "occurred_at")
    _require_near(report.occurred_at, now_ms, "occurred_at")
    return report


def read_label(raw: bytes) -> LabelRequest:
    """The label in `raw`, or RequestRefused."""
    return _decoded(raw, _label_decoder)


def require_id(text: str, prefix: str, name: str) -> str:
    """The id out of the path's parameter `name`, or RequestRefused."""
    if not re.fullmatch(f"{prefix}_[a-z0-9]{{1,64}}", text) or holds_card_number(text):
        detail = f"the path needs an id that begins with {prefix}_, of at most 64 letters and digits"
        raise RequestRefused(INVALID_REQUEST, detail, field=name)
    return text


def require_key(values: list[str]) -> str:
    """The idempotency key out of its header's values, or RequestRefused."""
    if not values:
        raise RequestRefused(KEY_MISSING, "the header Idempotency-Key is needed", field=KEY_HEADER)
    key = values[0]
    if len(values) > 1 or not _KEY.fullmatch(key):
        detail = "one header of 1 to 200 visible ASCII characters without spaces is needed"
        raise RequestRefused(KEY_MALFORMED, detail, field=KEY_HEADER)
    if holds_card_number(key):
        raise RequestRefused(KEY_MALFORMED, "the key holds what looks like a card number", field=KEY_HEADER)
    return key


def _require_our_times(time: datetime, field: str) -> None:
    """At the ends of the calendar a time cannot be told in another zone, nor be kept."""
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        detail = f"{field} must be in the years {_FIRST_YEAR} to {_LAST_YEAR}"
        raise RequestRefused(INVALID_REQUEST, detail, field=field)


def _require_near(time: datetime, now_ms: int, field: str) -> None:
    if to_ms(time) > now_ms + MAX_AHEAD_MS:
        raise RequestRefused(
            INVALID_REQUEST, f"{field} is more than 5 min ahead of this server's clock", field=field
        )


def _decoded(raw: bytes, decoder: json.Decoder[Body]) -> Body:
    try:
        body = decoder.decode(raw)
    except msgspec.ValidationError as error:
        refuse_card_data(raw)
        raise _refusal(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestRefused(MALFORMED_JSON, _safe(str(error)), field="body") from error
    refuse_duplicate_keys(raw)
    refuse_card_numbers(body)
    return body


def _refusal(message: str) -> RequestRefused:
    what, _, path = message.partition(" - at ")
    field = path.strip("`").removeprefix("$").removeprefix(".")
    unknown = _UNKNOWN_FIELD.match(what)
    if unknown:
        name = unknown[1]
        field = f"{field}.{name}" if field else name
        what = _unknown_field(name)
    missing = _MISSING_FIELD.match(what)
    if missing:
        field = f"{field}.{missing[1]}" if field else missing[1]
    return RequestRefused(INVALID_REQUEST, _safe(what), field=_safe(field or "body"))


def _unknown_field(name: str) -> str:
    if name.lower().replace("-", "_") in _OUR_WORDS:
        return f"`{name}` is for this API to say and not for its caller: leave it out"
    return f"`{name}` is not a field of this body"


def _safe(detail: str) -> str:
    """msgspec quotes unknown fields and wrong choices, which the caller may have filled with anything."""
    if holds_card_number(detail[: _DETAIL_LIMIT + 40]):
        return "a name or a choice holds what looks like a card number"
    return detail if len(detail) <= _DETAIL_LIMIT else f"{detail[:_DETAIL_LIMIT]}…"

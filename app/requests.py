"""What callers send, read strictly: no unknown fields, duplicate keys, loose types or card numbers."""

import json as standard_json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, json

from app.card_numbers import holds_card_number
from app.problems import CARD_NUMBER, INVALID_REQUEST, MALFORMED_JSON, WRONG_CURRENCY, RequestRefused
from domain.decision import Outcome
from domain.display import DAY_MS, MINUTE_MS
from domain.events import AmountMinor, AwareTime, Distance, Latitude, Longitude, to_ms
from domain.money import SETTLEMENT_CURRENCY
from domain.transaction import Transaction

MAX_BODY_BYTES = 64 * 1024
MAX_AHEAD_MS = 5 * MINUTE_MS
MAX_AGE_MS = DAY_MS
_DETAIL_LIMIT = 200


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


Body = TypeVar("Body", TransactionRequest, OutcomeReport)
_transaction_decoder = json.Decoder(TransactionRequest)
_outcome_decoder = json.Decoder(OutcomeReport)


def read_transaction(raw: bytes) -> TransactionRequest:
    """The request in `raw`, or RequestRefused that names the field and never its value."""
    request = _decoded(raw, _transaction_decoder)
    if request.currency != SETTLEMENT_CURRENCY:
        raise RequestRefused(
            WRONG_CURRENCY, f"this deployment settles in {SETTLEMENT_CURRENCY}", field="currency"
        )
    return request


def require_fresh(request: TransactionRequest, now_ms: int) -> None:
    """Raises RequestRefused for a payment of another time; a retry of a decided one need not be fresh."""
    _require_near(request.requested_at, now_ms, "requested_at")
    if to_ms(request.requested_at) < now_ms - MAX_AGE_MS:
        raise RequestRefused(INVALID_REQUEST, "requested_at is more than 24 h ago", field="requested_at")


def read_outcome(raw: bytes, now_ms: int) -> OutcomeReport:
    """The report in `raw`, or RequestRefused."""
    report = _decoded(raw, _outcome_decoder)
    _require_near(report.occurred_at, now_ms, "occurred_at")
    return report


def require_id(text: str, prefix: str) -> str:
    """An id out of a path, or RequestRefused."""
    if not re.fullmatch(f"{prefix}_[a-z0-9]{{1,64}}", text) or holds_card_number(text):
        raise RequestRefused(INVALID_REQUEST, f"the path needs an id that begins with {prefix}_")
    return text


def _require_near(time: datetime, now_ms: int, field: str) -> None:
    if to_ms(time) > now_ms + MAX_AHEAD_MS:
        raise RequestRefused(
            INVALID_REQUEST, f"{field} is more than 5 min ahead of this server's clock", field=field
        )


def _decoded(raw: bytes, decoder: json.Decoder[Body]) -> Body:
    try:
        body = decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestRefused(MALFORMED_JSON, _safe(str(error))) from error
    _refuse_duplicate_keys(raw)
    _refuse_card_numbers(body)
    return body


def _refusal(message: str) -> RequestRefused:
    what, _, path = message.partition(" - at ")
    field = path.strip("`").removeprefix("$.") or None
    return RequestRefused(INVALID_REQUEST, _safe(what), field=field and _safe(field))


def _safe(detail: str) -> str:
    """msgspec quotes unknown fields and wrong choices, which the caller may have filled with anything."""
    if holds_card_number(detail[: _DETAIL_LIMIT + 40]):
        return "a name or a choice holds what looks like a card number"
    return detail if len(detail) <= _DETAIL_LIMIT else f"{detail[:_DETAIL_LIMIT]}…"


def _refuse_duplicate_keys(raw: bytes) -> None:
    """msgspec takes the last of two equal keys, other readers the first: they would see two payments."""
    try:
        standard_json.loads(raw, object_pairs_hook=_without_duplicates)
    except _DuplicateKey as error:
        name = str(error)
        raise RequestRefused(MALFORMED_JSON, f"the key {name} stands there twice", field=name) from error


class _DuplicateKey(ValueError):
    pass


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKey(next(name for name in names if names.count(name) > 1))
    return members


def _refuse_card_numbers(body: Struct) -> None:
    for field, text in _strings(body, ""):
        if holds_card_number(text):
            raise RequestRefused(
                CARD_NUMBER, f"{field} holds digits that look like a card number", field=field
            )


def _strings(body: Struct, path: str) -> Iterator[tuple[str, str]]:
    for name in body.__struct_fields__:
        value = getattr(body, name)
        if isinstance(value, str):
            yield path + name, value
        elif isinstance(value, Struct):
            yield from _strings(value, f"{path}{name}.")

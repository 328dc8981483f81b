"""The events that flow through Kafka: one JSON object each, told apart by `type`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from msgspec import DecodeError, Meta, Struct, ValidationError, json

from domain.decision import Outcome, Rung, Verdict
from domain.errors import EventRefused

MAX_EVENT_BYTES = 64 * 1024
MAX_AHEAD_MS = 5 * 60 * 1000
EARLIEST_MS = 946_684_800_000  # the year 2000: a time of zero in a history means "never"

Id = Annotated[str, Meta(min_length=1, max_length=80)]
AwareTime = Annotated[datetime, Meta(tz=True)]
AmountMinor = Annotated[int, Meta(gt=0, le=10**12)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Distance = Annotated[int, Meta(ge=0, le=10**7)]
Rating = Annotated[int, Meta(ge=100, le=500)]


class _Envelope(Struct, frozen=True, kw_only=True, tag_field="type"):
    id: Id
    event_time: AwareTime
    producer: Id
    version: Literal[1] = 1


class LocationChosen(_Envelope, frozen=True, kw_only=True, tag="location.chosen"):
    user_id: Id
    device_id: Id
    zone_id: Id


class RideRequested(_Envelope, frozen=True, kw_only=True, tag="ride.requested"):
    ride_id: Id
    user_id: Id
    device_id: Id
    pickup_zone: Id
    dropoff_zone: Id
    pickup_lat: Latitude
    pickup_lon: Longitude
    distance_m: Distance
    estimate_minor: AmountMinor


class DriverContacted(_Envelope, frozen=True, kw_only=True, tag="driver.contacted"):
    ride_id: Id
    user_id: Id
    driver_id: Id


class RideCancelled(_Envelope, frozen=True, kw_only=True, tag="ride.cancelled"):
    ride_id: Id
    user_id: Id
    cancelled_by: Literal["rider", "driver"]
    driver_id: Id | None = None
    pickup_zone: Id | None = None


class RideCompleted(_Envelope, frozen=True, kw_only=True, tag="ride.completed"):
    ride_id: Id
    user_id: Id
    driver_id: Id
    dropoff_zone: Id
    distance_m: Distance
    duration_s: Annotated[int, Meta(ge=0, le=10**6)]


class CardAdded(_Envelope, frozen=True, kw_only=True, tag="card.added"):
    user_id: Id
    card_id: Id
    device_id: Id
    bin_country: Annotated[str, Meta(pattern="^[A-Z]{2}$")]


class CardRemoved(_Envelope, frozen=True, kw_only=True, tag="card.removed"):
    user_id: Id
    card_id: Id


class AccountCreated(_Envelope, frozen=True, kw_only=True, tag="account.created"):
    user_id: Id
    device_id: Id
    home_zone: Id
    rating_centi: Rating
    valid_from: AwareTime


class ProfileChanged(_Envelope, frozen=True, kw_only=True, tag="profile.changed"):
    user_id: Id
    home_zone: Id
    rating_centi: Rating
    contact_changed: bool
    valid_from: AwareTime


class DeviceLogin(_Envelope, frozen=True, kw_only=True, tag="device.login"):
    user_id: Id
    device_id: Id
    new_device: bool


class PaymentDecided(_Envelope, frozen=True, kw_only=True, tag="payment.decided"):
    """A payment as the approval API answered it; `id` is the transaction's id."""

    decision_id: Id
    transaction_id: Id
    ride_id: Id
    user_id: Id
    card_id: Id
    device_id: Id
    driver_id: Id
    amount_minor: AmountMinor
    currency: Currency
    pickup_zone: Id
    dropoff_zone: Id
    pickup_lat: Latitude
    pickup_lon: Longitude
    distance_m: Distance
    verdict: Verdict
    rung: Rung
    promo_id: Id | None = None


class PaymentOutcome(_Envelope, frozen=True, kw_only=True, tag="payment.outcome"):
    """What became of a payment after its decision; `event_time` is when it became known."""

    transaction_id: Id
    user_id: Id
    card_id: Id
    amount_minor: AmountMinor
    currency: Currency
    outcome: Outcome
    occurred_at: AwareTime
    reason_code: Annotated[str, Meta(max_length=40)] | None = None
    device_id: Id | None = None
    pickup_zone: Id | None = None


class PaymentCorrected(_Envelope, frozen=True, kw_only=True, tag="payment.corrected"):
    """Another amount was settled than decided on; `paid_at` is the event time of the payment itself."""

    transaction_id: Id
    user_id: Id
    card_id: Id
    device_id: Id
    pickup_zone: Id
    paid_at: AwareTime
    before_minor: AmountMinor
    after_minor: AmountMinor
    currency: Currency


class Heartbeat(_Envelope, frozen=True, kw_only=True, tag="heartbeat"):
    """Nothing older than `event_time` is still on its way into this partition."""

    source_topic: Id
    partition: Annotated[int, Meta(ge=0)]


Event = (
    LocationChosen
    | RideRequested
    | DriverContacted
    | RideCancelled
    | RideCompleted
    | CardAdded
    | CardRemoved
    | AccountCreated
    | ProfileChanged
    | DeviceLogin
    | PaymentDecided
    | PaymentOutcome
    | PaymentCorrected
    | Heartbeat
)

_encoder = json.Encoder()
_decoder: json.Decoder[Event] = json.Decoder(Event)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(time: datetime) -> int:
    """Milliseconds since the epoch, exact (no float rounding)."""
    return (time - _EPOCH) // _MILLISECOND


def from_ms(time_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=time_ms)


def event_time_ms(event: Event) -> int:
    return to_ms(event.event_time)


def encode_event(event: Event) -> bytes:
    return _encoder.encode(event)


def decode_event(raw: bytes | None, record_time_ms: int) -> Event:
    """Read one message, or raise EventRefused with a short reason and the detail.

    `record_time_ms` is the Kafka record's time; an event may not be ahead of it by more than five minutes.
    """
    if raw is None:
        raise EventRefused("empty", "the message has no value")
    if len(raw) > MAX_EVENT_BYTES:
        raise EventRefused("too_large", f"{len(raw):,} bytes; at most {MAX_EVENT_BYTES:,} are read")
    try:
        event = _decoder.decode(raw)
    except ValidationError as error:
        raise EventRefused(_what_is_wrong(str(error)), _without_content(str(error))) from error
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EventRefused("not_json", str(error)) from error
    _check_time("event_time", event.event_time, record_time_ms)
    if isinstance(event, AccountCreated | ProfileChanged):
        _check_time("valid_from", event.valid_from, record_time_ms)
    if isinstance(event, PaymentCorrected):
        _check_time("paid_at", event.paid_at, record_time_ms)
    return event


def _check_time(field: str, time: datetime, record_time_ms: int) -> None:
    time_ms = to_ms(time)
    if time_ms > record_time_ms + MAX_AHEAD_MS:
        raise EventRefused("future", f"{field} {time.isoformat()} is ahead of the record's time")
    if time_ms < EARLIEST_MS:
        raise EventRefused("past", f"{field} {time.isoformat()} is before the year 2000")


def _what_is_wrong(problem: str) -> str:
    """A type or version that a newer producer knows is told apart from a damaged message."""
    if problem.startswith("Invalid value") and problem.endswith("`$.type`"):
        return "unknown_type"
    return "unknown_version" if problem.endswith("`$.version`") else "invalid"


def _without_content(problem: str) -> str:
    """The detail is kept where anybody may read it, and a wrong value may be anything, a card number too."""
    return re.sub(r" value .+ - at", " value - at", problem, flags=re.DOTALL)

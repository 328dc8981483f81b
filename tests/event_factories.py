"""Events, transactions and histories from defaults; a test names only what it is about.

Every event takes `at_ms`, its time in milliseconds, instead of `event_time`.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

from domain.decision import Outcome, Rung, Verdict
from domain.events import (
    AccountCreated,
    CardAdded,
    CardRemoved,
    DeviceLogin,
    DriverContacted,
    Event,
    Heartbeat,
    LocationChosen,
    PaymentCorrected,
    PaymentDecided,
    PaymentOutcome,
    ProfileChanged,
    RideCancelled,
    RideCompleted,
    RideRequested,
    event_time_ms,
    from_ms,
)
from domain.fold import fold
from domain.history import History, HistoryKind
from domain.transaction import Transaction

NOW_MS = 1_790_000_000_000
PLACES = {"pickup_zone": "zone_a", "dropoff_zone": "zone_b", "pickup_lat": 40.71, "pickup_lon": -74.0}
_numbers = count(1)


def letters(number: int) -> str:
    """A number without digits, so that it can never look like a card's."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def an_id(prefix: str) -> str:
    return f"{prefix}_{letters(next(_numbers))}"


def _envelope(at_ms: int, prefix: str = "evt") -> dict[str, Any]:
    return {"id": an_id(prefix), "event_time": from_ms(at_ms), "producer": "test", "user_id": "usr_a"}


def a_payment(*, at_ms: int = NOW_MS, **given: Any) -> PaymentDecided:
    own = {
        "decision_id": "dec_a",
        "ride_id": "ride_a",
        "card_id": "card_a",
        "device_id": "dev_a",
        "driver_id": "drv_a",
        "amount_minor": 1_850,
        "currency": "USD",
        "distance_m": 6_200,
        "verdict": Verdict.APPROVE,
        "rung": Rung.R0,
    }
    values = {**_envelope(at_ms, "txn"), **PLACES, **own, **given}
    return PaymentDecided(**{"transaction_id": values["id"], **values})


def a_payment_outcome(*, at_ms: int = NOW_MS, **given: Any) -> PaymentOutcome:
    own = {
        "transaction_id": "txn_a",
        "card_id": "card_a",
        "amount_minor": 1_850,
        "currency": "USD",
        "outcome": Outcome.CAPTURED,
        "occurred_at": from_ms(at_ms),
    }
    return PaymentOutcome(**{**_envelope(at_ms, "out"), **own, **given})


def a_correction(*, at_ms: int = NOW_MS, paid_at_ms: int | None = None, **given: Any) -> PaymentCorrected:
    """A payment of `paid_at_ms`, which is `at_ms` unless given, that was settled at more than decided on."""
    own = {
        "transaction_id": "txn_a",
        "card_id": "card_a",
        "device_id": "dev_a",
        "pickup_zone": "zone_a",
        "paid_at": from_ms(at_ms if paid_at_ms is None else paid_at_ms),
        "before_minor": 1_850,
        "after_minor": 2_100,
        "currency": "USD",
    }
    return PaymentCorrected(**{**_envelope(at_ms, "cor"), **own, **given})


def a_location(*, at_ms: int = NOW_MS, **given: Any) -> LocationChosen:
    return LocationChosen(**{**_envelope(at_ms), "device_id": "dev_a", "zone_id": "zone_a", **given})


def a_ride_request(*, at_ms: int = NOW_MS, **given: Any) -> RideRequested:
    own = {"ride_id": "ride_a", "device_id": "dev_a", "distance_m": 6_200, "estimate_minor": 1_850}
    return RideRequested(**{**_envelope(at_ms), **PLACES, **own, **given})


def a_driver_contact(*, at_ms: int = NOW_MS, **given: Any) -> DriverContacted:
    return DriverContacted(**{**_envelope(at_ms), "ride_id": "ride_a", "driver_id": "drv_a", **given})


def a_cancel(*, at_ms: int = NOW_MS, **given: Any) -> RideCancelled:
    own = {"ride_id": "ride_a", "cancelled_by": "rider", "pickup_zone": "zone_a"}
    return RideCancelled(**{**_envelope(at_ms), **own, **given})


def a_ride_end(*, at_ms: int = NOW_MS, **given: Any) -> RideCompleted:
    own = {
        "ride_id": "ride_a",
        "driver_id": "drv_a",
        "dropoff_zone": "zone_b",
        "distance_m": 6_200,
        "duration_s": 900,
    }
    return RideCompleted(**{**_envelope(at_ms), **own, **given})


def a_card_added(*, at_ms: int = NOW_MS, **given: Any) -> CardAdded:
    own = {"card_id": "card_a", "device_id": "dev_a", "bin_country": "US"}
    return CardAdded(**{**_envelope(at_ms), **own, **given})


def a_card_removed(*, at_ms: int = NOW_MS, **given: Any) -> CardRemoved:
    return CardRemoved(**{**_envelope(at_ms), "card_id": "card_a", **given})


def an_account(*, at_ms: int = NOW_MS, **given: Any) -> AccountCreated:
    own = {"device_id": "dev_a", "home_zone": "zone_a", "rating_centi": 500, "valid_from": from_ms(at_ms)}
    return AccountCreated(**{**_envelope(at_ms), **own, **given})


def a_profile_change(*, at_ms: int = NOW_MS, **given: Any) -> ProfileChanged:
    own = {
        "home_zone": "zone_b",
        "rating_centi": 480,
        "contact_changed": False,
        "valid_from": from_ms(at_ms),
    }
    return ProfileChanged(**{**_envelope(at_ms), **own, **given})


def a_login(*, at_ms: int = NOW_MS, **given: Any) -> DeviceLogin:
    return DeviceLogin(**{**_envelope(at_ms), "device_id": "dev_a", "new_device": False, **given})


def a_heartbeat(*, at_ms: int = NOW_MS, **given: Any) -> Heartbeat:
    envelope = _envelope(at_ms)
    del envelope["user_id"]
    return Heartbeat(**{**envelope, "source_topic": "rides.events.v1", "partition": 0, **given})


ONE_OF_EACH: tuple[Callable[..., Event], ...] = (
    a_location,
    a_ride_request,
    a_driver_contact,
    a_cancel,
    a_ride_end,
    a_card_added,
    a_card_removed,
    an_account,
    a_profile_change,
    a_login,
    a_payment,
    a_payment_outcome,
    a_correction,
    a_heartbeat,
)


def a_transaction(*, at_ms: int = NOW_MS, **given: Any) -> Transaction:
    own = {
        "transaction_id": an_id("txn"),
        "ride_id": "ride_a",
        "user_id": "usr_a",
        "card_id": "card_a",
        "device_id": "dev_a",
        "driver_id": "drv_a",
        "amount_minor": 1_850,
        "currency": "USD",
        "distance_m": 6_200,
        "requested_at_ms": at_ms,
    }
    return Transaction(**{**PLACES, **own, **given})


def a_history(kind: HistoryKind, *events: Event) -> History:
    """The events folded in the order given, each known to Kafka at its own time."""
    history: History | None = None
    for event in events:
        history = fold(kind, history, event, event_time_ms(event))
    assert history is not None, "a history has at least one event"
    return history

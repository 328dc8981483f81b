"""What happens in the generated city: who there is, and events of every type at awkward times."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from awkward_values import AHEAD_MS, LATENESS_MS, a_route, an_amount, awkward_time_ms
from msgspec import structs

from domain.decision import Outcome, Verdict
from domain.display import HOUR_MS, MINUTE_MS, SECOND_MS
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
    encode_event,
    from_ms,
)
from domain.topics import DECISIONS, LABELS, RIDES, Topic
from domain.transaction import Transaction

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class CityEvents:
    def __init__(self) -> None:
        self.users = ["usr_a", "usr_b", "usr_c"]
        self.cards = ["card_a", "card_b", "card_c", "card_d"]
        self.devices = ["dev_a", "dev_b", "dev_c"]
        self.zones = ["zone_a", "zone_b", "zone_c"]
        self.drivers = ["drv_a", "drv_b", "drv_c"]
        self.times_ms: list[int] = []
        self._ids = Random(0)  # apart from an action's choices: a repeated action must not repeat an id
        self._rides: list[str] = []
        self._payments: dict[str, PaymentDecided] = {}  # as attempts until they are decided

    def any_event(self, now_ms: int, choices: Random) -> Event:
        [build] = choices.choices(list(_BUILD), weights=list(_BUILD.values()))
        return build(self, self._envelope(awkward_time_ms(now_ms, choices)), choices)

    def transaction(self, now_ms: int, choices: Random) -> Transaction:
        self.times_ms.append(now_ms)
        return self._transaction(now_ms, choices)

    def burst(self, now_ms: int, many: int, choices: Random) -> Iterator[Transaction]:
        """Payments within an hour or five minutes that share one part and differ in the others."""
        kept = choices.choice(["user_id", "card_id", "device_id", "pickup_zone"])
        first = self._transaction(now_ms, choices)
        span_ms = choices.choice([2 * SECOND_MS, 5 * MINUTE_MS, HOUR_MS])
        for _ in range(many):
            fields = {
                field: self.an_id(prefix)
                for field, prefix in _PARTS.items()
                if field != kept and choices.random() < 0.9
            }
            at_ms = now_ms - choices.randrange(span_ms)
            yield self._transaction(at_ms, choices, **{kept: getattr(first, kept), **fields})

    def _transaction(self, at_ms: int, choices: Random, **given: str) -> Transaction:
        values: dict[str, Any] = {
            "transaction_id": self.an_id("txn"),
            "ride_id": choices.choice([*self._rides[-3:], self.an_id("ride")]),
            "user_id": choices.choice(self.users),
            "card_id": choices.choice(self.cards),
            "device_id": choices.choice(self.devices),
            "driver_id": choices.choice(self.drivers),
            "amount_minor": an_amount(choices),
            "currency": "USD",
            **a_route(self.zones, choices),
            "requested_at_ms": at_ms,
            "promo_id": choices.choice([None, "promo_a"]),
        }
        self._rides.append(values["ride_id"])
        return Transaction(**{**values, **given})

    def requests(self, now_ms: int, many: int, user_id: str, choices: Random) -> Iterator[Event]:
        for _ in range(many):
            at_ms = now_ms - choices.choice([0, choices.randrange(LATENESS_MS)])
            yield structs.replace(_request(self, self._envelope(at_ms), choices), user_id=user_id)

    def _envelope(self, at_ms: int) -> dict[str, Any]:
        self.times_ms.append(at_ms)
        return {"id": self.an_id("evt"), "event_time": from_ms(at_ms), "producer": "city"}

    def an_id(self, prefix: str) -> str:
        return f"{prefix}_" + "".join(self._ids.choices(LETTERS, k=12))

    def paid(self, attempt: PaymentDecided) -> None:
        self._payments[attempt.id] = attempt

    def decided(self, payment: PaymentDecided) -> None:
        self._payments[payment.id] = payment

    def about_a_payment(self, now_ms: int, choices: Random) -> Event | None:
        if not self._payments:
            return None
        payment = choices.choice(list(self._payments.values())[-8:])
        envelope = self._envelope(awkward_time_ms(now_ms, choices))
        match choices.choice(["outcome", "correction", "request"]):
            case "outcome":
                return _outcome(payment, envelope, choices)
            case "request":
                return _request_of(payment, envelope, choices)
            case _:
                return self._correction(payment, envelope, choices)

    def _correction(self, payment: PaymentDecided, envelope: dict[str, Any], choices: Random) -> Event | None:
        """Of payments let through; a second one corrects the amount of the first."""
        if payment.decision_id == "undecided" or payment.verdict is Verdict.DECLINE:
            return None
        after_minor = an_amount(choices)
        return PaymentCorrected(
            **envelope,
            transaction_id=payment.transaction_id,
            user_id=payment.user_id,
            card_id=payment.card_id,
            device_id=payment.device_id,
            pickup_zone=payment.pickup_zone,
            paid_at=payment.event_time,
            before_minor=payment.amount_minor,
            after_minor=after_minor,
            currency="USD",
        )

    def nonsense(self, now_ms: int, choices: Random) -> tuple[Topic, str, bytes]:
        """Topic, key and body of what no history may learn of."""
        event = self.any_event(now_ms, choices)
        assert not isinstance(event, Heartbeat), "a heartbeat has no rider"
        body = encode_event(event)
        match choices.choice(["unreadable", "wrong topic", "future", "past"]):
            case "unreadable":
                return RIDES, event.user_id, body[:-5]
            case "wrong topic":
                return choices.choice([DECISIONS, LABELS]), event.user_id, body
            case "future":
                return RIDES, event.user_id, _at(body, now_ms + AHEAD_MS + 1)
            case _:
                return RIDES, event.user_id, _at(body, 946_684_799_999)


def _at(body: bytes, at_ms: int) -> bytes:
    """With another event time; the old one stays under a name that nobody reads."""
    told = from_ms(at_ms).isoformat().encode()
    return body.replace(b'"event_time":"', b'"event_time":"' + told + b'","x":"')


def _outcome(payment: PaymentDecided, envelope: dict[str, Any], choices: Random) -> PaymentOutcome:
    return PaymentOutcome(
        **envelope,
        transaction_id=payment.transaction_id,
        user_id=payment.user_id,
        card_id=payment.card_id,
        device_id=choices.choice([payment.device_id, None]),
        pickup_zone=choices.choice([payment.pickup_zone, None]),
        amount_minor=payment.amount_minor,
        currency="USD",
        outcome=choices.choice([Outcome.FAILED, Outcome.CHARGEBACK, *Outcome]),
        occurred_at=payment.event_time,
    )


def _request_of(payment: PaymentDecided, envelope: dict[str, Any], choices: Random) -> RideRequested:
    """The request of a ride that was paid for, told after the payment."""
    return RideRequested(
        **envelope,
        ride_id=payment.ride_id,
        user_id=payment.user_id,
        device_id=payment.device_id,
        pickup_zone=payment.pickup_zone,
        dropoff_zone=payment.dropoff_zone,
        pickup_lat=payment.pickup_lat,
        pickup_lon=payment.pickup_lon,
        distance_m=payment.distance_m,
        estimate_minor=an_amount(choices),
    )


_PARTS = {
    "user_id": "usr",
    "card_id": "card",
    "device_id": "dev",
    "driver_id": "drv",
    "pickup_zone": "zone",
}


def _request(city: CityEvents, envelope: dict[str, Any], choices: Random) -> Event:
    ride_id = choices.choice([*city._rides[-3:], city.an_id("ride")])
    city._rides.append(ride_id)
    return RideRequested(
        **envelope,
        ride_id=ride_id,
        user_id=choices.choice(city.users),
        device_id=choices.choice(city.devices),
        estimate_minor=an_amount(choices),
        **a_route(city.zones, choices),
    )


def _cancel(city: CityEvents, envelope: dict[str, Any], choices: Random) -> Event:
    return RideCancelled(
        **envelope,
        ride_id=choices.choice([*city._rides[-3:], "ride_a"]),
        user_id=choices.choice(city.users),
        cancelled_by=choices.choice(["rider", "driver"]),
        pickup_zone=choices.choice([None, *city.zones]),
    )


def _card_added(city: CityEvents, envelope: dict[str, Any], choices: Random) -> Event:
    return CardAdded(
        **envelope,
        user_id=choices.choice(city.users),
        card_id=choices.choice(city.cards),
        device_id=choices.choice(city.devices),
        bin_country="US",
    )


def _login(city: CityEvents, envelope: dict[str, Any], choices: Random) -> Event:
    return DeviceLogin(
        **envelope,
        user_id=choices.choice(city.users),
        device_id=choices.choice(city.devices),
        new_device=choices.choice([True, False]),
    )


def _profile(city: CityEvents, envelope: dict[str, Any], choices: Random) -> dict[str, Any]:
    since = envelope["event_time"]
    return {
        **envelope,
        "user_id": choices.choice(city.users),
        "home_zone": choices.choice(city.zones),
        "rating_centi": choices.randrange(100, 501),
        "valid_from": choices.choice([since, from_ms(0) + (since - from_ms(0)) * 0.999]),
    }


def _profile_changed(city: CityEvents, envelope: dict[str, Any], choices: Random) -> Event:
    return ProfileChanged(**_profile(city, envelope, choices), contact_changed=choices.choice([True, False]))


def _account(city: CityEvents, envelope: dict[str, Any], choices: Random) -> Event:
    return AccountCreated(**_profile(city, envelope, choices), device_id=choices.choice(city.devices))


def _no_history(city: CityEvents, envelope: dict[str, Any], choices: Random) -> Event:
    """Events that reach no history."""
    user_id, ride_id = choices.choice(city.users), "ride_a"
    match choices.choice(["location", "contact", "end", "removed"]):
        case "location":
            return LocationChosen(**envelope, user_id=user_id, device_id="dev_a", zone_id="zone_a")
        case "contact":
            return DriverContacted(**envelope, user_id=user_id, ride_id=ride_id, driver_id="drv_a")
        case "removed":
            return CardRemoved(**envelope, user_id=user_id, card_id="card_a")
        case _:
            return RideCompleted(
                **envelope,
                user_id=user_id,
                ride_id=ride_id,
                driver_id="drv_a",
                dropoff_zone="zone_a",
                distance_m=1,
                duration_s=1,
            )


_BUILD: dict[Callable[[CityEvents, dict[str, Any], Random], Event], int] = {
    _request: 8,
    _cancel: 4,
    _card_added: 4,
    _login: 4,
    _profile_changed: 10,
    _account: 6,
    _no_history: 1,
}

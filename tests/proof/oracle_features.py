"""Every feature of docs/feature-contract.md, by brute force over a list of events."""

from collections.abc import Iterable, Iterator, Sequence
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from domain.decision import Outcome, Verdict
from domain.events import (
    AccountCreated,
    CardAdded,
    DeviceLogin,
    Event,
    PaymentCorrected,
    PaymentDecided,
    PaymentOutcome,
    ProfileChanged,
    RideCancelled,
    RideRequested,
    event_time_ms,
    from_ms,
    to_ms,
)
from domain.transaction import Transaction

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
SLOT_MS = {"card": HOUR_MS, "user": HOUR_MS, "device": HOUR_MS, "zone": 5 * MINUTE_MS}
IDS_OF_A_SLOT = {"card": 128, "user": 128, "device": 128, "zone": 64}


class Past(NamedTuple):
    """What an owner's features are computed from; before is None when the owner was never heard of."""

    before: list[Event] | None
    after: list[Event]


def is_saturated(kind: str, events: Iterable[Event]) -> bool:
    slots: dict[int, set[str]] = {}
    for event in events:
        slots.setdefault(event_time_ms(event) // SLOT_MS[kind], set()).add(event.id)
    return any(len(ids) > IDS_OF_A_SLOT[kind] for ids in slots.values())


# Windows

WINDOW_MS = {"5m": 5 * MINUTE_MS, "1h": HOUR_MS, "24h": DAY_MS, "7d": 7 * DAY_MS, "30d": 30 * DAY_MS}
TILE_MS = {"5m": 15 * SECOND_MS, "1h": 3 * MINUTE_MS, "24h": HOUR_MS, "7d": 8 * HOUR_MS, "30d": DAY_MS}


def covers(window: str, at_ms: int, t: int) -> bool:
    tile = TILE_MS[window]
    return (t - WINDOW_MS[window]) // tile <= at_ms // tile <= t // tile


def in_window(events: Iterable[Event], t: int, window: str) -> list[Event]:
    return [event for event in events if covers(window, event_time_ms(event), t)]


def payments(events: Iterable[Event]) -> list[PaymentDecided]:
    return [event for event in events if isinstance(event, PaymentDecided)]


def declines(events: Iterable[Event]) -> list[PaymentDecided]:
    return [payment for payment in payments(events) if payment.verdict is Verdict.DECLINE]


def corrections(events: Iterable[Event]) -> list[PaymentCorrected]:
    return [event for event in events if isinstance(event, PaymentCorrected)]


def of_type(events: Iterable[Event], kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def with_outcome(events: Iterable[Event], outcome: Outcome) -> list[PaymentOutcome]:
    return [event for event in events if isinstance(event, PaymentOutcome) and event.outcome is outcome]


def count(things: Sequence[object]) -> float:
    return float(len(things))


def windowed(owner: str, events: list[Event], t: int) -> dict[str, float]:
    """Every sum and every distinct count over every window; more than the catalogue asks for."""
    values: dict[str, float] = {}
    met = {what: counterparts(what, events) for what in COUNTERPART if what != owner + "s"}
    for window in WINDOW_MS:
        within = in_window(events, t, window)
        sums = {
            "payments": count(payments(within)),
            "amount": float(money(events, t, window)),
            "declines": count(declines(within)),
            "failures": count(with_outcome(within, Outcome.FAILED)),
            "cards_added": count(of_type(within, CardAdded)),
            "promos": count([payment for payment in payments(within) if payment.promo_id]),
            "accounts": count(of_type(within, AccountCreated)),
        }
        sums |= {what: float(distinct(seen, t, window)) for what, seen in met.items()}
        values |= {f"{owner}_{what}_{window}": value for what, value in sums.items()}
    return values


def money(events: list[Event], t: int, window: str) -> int:
    paid = sum(payment.amount_minor for payment in payments(in_window(events, t, window)))
    moved = [told for told in corrections(events) if covers(window, to_ms(told.paid_at), t)]
    return paid + sum(told.after_minor - told.before_minor for told in moved)


COUNTERPART = {
    "users": "user_id",
    "cards": "card_id",
    "devices": "device_id",
    "zones": "pickup_zone",
    "drivers": "driver_id",
}
COUNTERPARTS_KEPT, RECENT_PAYMENTS_KEPT, RECENT_RIDES_KEPT = 32, 16, 8


def counterparts(what: str, events: Iterable[Event]) -> dict[str, int]:
    """The newest of those met, and when each was last seen."""
    last_seen: dict[str, int] = {}
    for payment in payments(events):
        met = getattr(payment, COUNTERPART[what])
        last_seen[met] = max(event_time_ms(payment), last_seen.get(met, 0))
    newest = sorted(last_seen, key=lambda met: (last_seen[met], met), reverse=True)[:COUNTERPARTS_KEPT]
    return {met: last_seen[met] for met in newest}


def distinct(last_seen: dict[str, int], t: int, window: str) -> int:
    return sum(seen > t - WINDOW_MS[window] for seen in last_seen.values())


# Features of one kind each


def of_the_transaction(transaction: Transaction, t: int) -> Iterator[tuple[str, float]]:
    yield "amount", float(transaction.amount_minor)
    yield "distance", float(transaction.distance_m)
    yield "amount_per_km", transaction.amount_minor * 1000 / max(transaction.distance_m, 100)
    yield "hour_of_day", float(from_ms(t).hour)
    yield "promo_used", float(transaction.promo_id is not None)


def of_the_card(card: Past, t: int) -> dict[str, float]:
    if card.before is None:
        return {}
    values = {"card_saturated": float(is_saturated("card", card.after))}
    added, paid = of_type(card.before, CardAdded), payments(card.before)
    if added:
        values["card_since_added"] = seconds_since(min(map(event_time_ms, added)), t)
    if paid:
        values["card_since_last_payment"] = seconds_since(max(map(event_time_ms, paid)), t)
    return values


def of_the_user(before: list[Event] | None, transaction: Transaction, t: int) -> dict[str, float]:
    if before is None:
        return {}
    values = {"user_chargebacks": count(with_outcome(before, Outcome.CHARGEBACK))}
    values |= {"user_driver_repeats": float(driver_repeats(before, transaction))}
    week = in_window(before, t, "7d")
    if asked := of_type(week, RideRequested):
        values["user_cancel_ratio_7d"] = count(of_type(week, RideCancelled)) / count(asked)
    for name, event_type, flag in RARE_EVENTS:
        if times := [event_time_ms(event) for event in of_type(before, event_type) if getattr(event, flag)]:
            values[name] = seconds_since(max(times), t)
    if payments(before):
        values |= firsts(before, transaction)
        values["user_speed"] = speed_kmh(before, transaction, t)
    return values | against_own_normal(before, transaction) | against_estimate(before, transaction)


RARE_EVENTS: tuple[tuple[str, type[Event], str], ...] = (
    ("user_since_new_device_login", DeviceLogin, "new_device"),
    ("user_since_contact_change", ProfileChanged, "contact_changed"),
)


def firsts(before: list[Event], transaction: Transaction) -> dict[str, float]:
    asked = {
        "user_device_is_new": ("devices", transaction.device_id),
        "user_card_is_new": ("cards", transaction.card_id),
        "user_zone_is_new": ("zones", transaction.pickup_zone),
    }
    return {name: float(one not in counterparts(what, before)) for name, (what, one) in asked.items()}


def against_own_normal(before: list[Event], transaction: Transaction) -> dict[str, float]:
    let_through = [payment for payment in payments(before) if payment.verdict is not Verdict.DECLINE]
    if len(let_through) < 3:
        return {}
    amounts = [payment.amount_minor for payment in let_through]
    told = corrections(before)
    lower = sum(bucket(amount) < bucket(transaction.amount_minor) for amount in amounts)
    for move in told:
        lower -= bucket(move.before_minor) < bucket(transaction.amount_minor)
        lower += bucket(move.after_minor) < bucket(transaction.amount_minor)
    values = {"user_amount_rank": min(1.0, max(0.0, lower / len(let_through)))}
    lifetime = sum(amounts) + sum(move.after_minor - move.before_minor for move in told)
    if lifetime > 0:
        values["user_amount_ratio"] = transaction.amount_minor / (lifetime / len(let_through))
    return values


def bucket(amount_minor: int) -> int:
    return min(24, amount_minor.bit_length())


def against_estimate(before: list[Event], transaction: Transaction) -> dict[str, float]:
    rides = [event for event in before if isinstance(event, RideRequested)]
    rides.sort(key=lambda ride: (event_time_ms(ride), ride.ride_id, ride.estimate_minor), reverse=True)
    for ride in rides[:RECENT_RIDES_KEPT]:
        if ride.ride_id == transaction.ride_id:
            return {"user_estimate_ratio": transaction.amount_minor / ride.estimate_minor}
    return {}


def recent_payments(before: list[Event]) -> list[PaymentDecided]:
    newest = sorted(payments(before), key=lambda paid: (event_time_ms(paid), paid.id), reverse=True)
    return newest[:RECENT_PAYMENTS_KEPT]


def driver_repeats(before: list[Event], transaction: Transaction) -> int:
    return sum(payment.driver_id == transaction.driver_id for payment in recent_payments(before))


def speed_kmh(before: list[Event], transaction: Transaction, t: int) -> float:
    last = recent_payments(before)[0]
    start = micro(last.pickup_lat) / 1_000_000, micro(last.pickup_lon) / 1_000_000
    hours = max(t - event_time_ms(last), SECOND_MS) / HOUR_MS
    return great_circle_km(start, (transaction.pickup_lat, transaction.pickup_lon)) / hours


def decline_rise(zone: list[Event], t: int) -> float:
    hour, week = in_window(zone, t, "1h"), in_window(zone, t, "7d")
    usual = (len(declines(week)) + 1) / (len(payments(week)) + 20)
    return (len(declines(hour)) + 20 * usual) / (len(payments(hour)) + 20) / usual


def of_the_profile(events: list[Event], transaction: Transaction, t: int) -> dict[str, float]:
    told = [event for event in events if isinstance(event, AccountCreated | ProfileChanged)]
    if not told:
        return {}
    newest = max(told, key=lambda change: (to_ms(change.valid_from), change.id))
    values = {
        "rating": newest.rating_centi / 100,
        "pickup_is_home": float(newest.home_zone == transaction.pickup_zone),
    }
    if created := [to_ms(change.valid_from) for change in told if isinstance(change, AccountCreated)]:
        values["account_age"] = max(0, t - min(created)) / DAY_MS
    return values


def seconds_since(at_ms: int, t: int) -> float:
    return max(0, t - at_ms) / SECOND_MS


def micro(degrees: float) -> int:
    return round(degrees * 1_000_000)


def great_circle_km(start: tuple[float, float], end: tuple[float, float]) -> float:
    """By the haversine formula; points are (latitude, longitude) in degrees."""
    up, along = radians(end[0] - start[0]), radians(end[1] - start[1])
    half = sin(up / 2) ** 2 + cos(radians(start[0])) * cos(radians(end[0])) * sin(along / 2) ** 2
    return 2 * 6_371 * asin(min(1.0, sqrt(half)))

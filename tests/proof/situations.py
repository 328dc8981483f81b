"""Which of the hard situations a decision was in, so that a proof can show that it met them all."""

from collections.abc import Iterator

from oracle import Oracle, Read, Told
from oracle_features import TILE_MS, WINDOW_MS, counterparts, payments
from oracle_rings import HUB_OVER, of_the_ring, things_in

from domain.decision import Verdict
from domain.events import (
    AccountCreated,
    Event,
    PaymentCorrected,
    PaymentDecided,
    PaymentOutcome,
    ProfileChanged,
    RideRequested,
    event_time_ms,
    to_ms,
)

PROFILE = AccountCreated | ProfileChanged
IN_EVERY_PROOF = {
    "ahead_of_the_clock",
    "capped_counterparts",
    "capped_recent_payments",
    "capped_rides",
    "correction_before_payment",
    "correction_of_a_tile_in_a_window",
    "distinct_edge_hit",
    "in_flight_added",
    "in_flight_declined",
    "in_flight_told_already",
    "in_flight_undecided",
    "known_in_flight_only",
    "nearly_late",
    "outcome_before_decision",
    "profile_out_of_order",
    "ride_after_payment",
    "ride_before_payment",
    "ring_beside_a_hub",
    "ring_of_one",
    "ring_of_several",
    "ring_older_than_the_history",
    "tile_edge_inside",
    "tile_edge_outside",
    "unknown_card",
    "unknown_ring",
    "unknown_user",
    "unknown_zone",
}


def situations(read: Read, oracle: Oracle) -> set[str]:
    transaction, t = read.transaction, read.as_of_ms
    card = oracle.known("card", transaction.card_id, read.card)
    user = oracle.known("user", transaction.user_id, read.user)
    zone = oracle.known("zone", transaction.pickup_zone, read.zone)
    profile = oracle.known("profile", transaction.user_id, read.profile)
    events = [record.event for record in user]
    found = {*_in_flight(read, card), *_told_out_of_order(events), *_capped(events), *_rides(user, read)}
    found |= {*_rings(read, oracle)}
    found |= {*_edges([*events, *(record.event for record in card)], t)}
    found |= {
        f"unknown_{kind}" for kind, known in (("card", card), ("user", user), ("zone", zone)) if not known
    }
    if any(record.record_time_ms - event_time_ms(record.event) > 3_590_000 for record in user):
        found.add("nearly_late")
    if _out_of_order(profile):
        found.add("profile_out_of_order")
    return found


def _in_flight(read: Read, card: list[Told]) -> Iterator[str]:
    told = {record.event.id for record in card}
    for payment in read.in_flight:
        if payment.card_id == read.transaction.card_id:
            yield "in_flight_told_already" if payment.id in told else "in_flight_added"
            if not told:
                yield "known_in_flight_only"
        if payment.decision_id == "undecided":
            yield "in_flight_undecided"
        elif payment.verdict is Verdict.DECLINE:
            yield "in_flight_declined"


def _told_out_of_order(events: list[Event]) -> Iterator[str]:
    paid = {event.id for event in events if isinstance(event, PaymentDecided)}
    for event in events:
        if isinstance(event, PaymentOutcome) and event.transaction_id not in paid:
            yield "outcome_before_decision"
        if isinstance(event, PaymentCorrected) and event.transaction_id not in paid:
            yield "correction_before_payment"


def _capped(events: list[Event]) -> Iterator[str]:
    for what, field in (("cards", "card_id"), ("devices", "device_id"), ("drivers", "driver_id")):
        met = {getattr(payment, field) for payment in payments(events)}
        if len(met) > len(counterparts(what, events)):
            yield "capped_counterparts"
    if len(payments(events)) > 16:
        yield "capped_recent_payments"
    if sum(isinstance(event, RideRequested) for event in events) > 8:
        yield "capped_rides"


def _rides(user: list[Told], read: Read) -> Iterator[str]:
    asked = {record.event.ride_id: record for record in user if isinstance(record.event, RideRequested)}
    if read.transaction.ride_id in asked:
        yield "ride_before_payment"
    for record in user:
        request = asked.get(record.event.ride_id) if isinstance(record.event, PaymentDecided) else None
        if request and request.record_time_ms > record.record_time_ms:
            yield "ride_after_payment"


def _rings(read: Read, oracle: Oracle) -> Iterator[str]:
    user_id, events = read.transaction.user_id, oracle.known_anywhere(read.ring)
    things = [riders for riders in things_in(events).values() if user_id in riders]
    if not things:
        yield "unknown_ring"
        return
    yield "ring_of_one" if of_the_ring(user_id, events)["ring_size"] == 1 else "ring_of_several"
    if any(len(riders) > HUB_OVER for riders in things):
        yield "ring_beside_a_hub"
    told = {event.id for event in events}
    if any(record.event.id not in told for record in oracle.known("user", user_id, read.user)):
        yield "ring_older_than_the_history"


def _edges(events: list[Event], t: int) -> Iterator[str]:
    for window, tile_ms in TILE_MS.items():
        first = (t - WINDOW_MS[window]) // tile_ms
        for event in events:
            at_ms = event_time_ms(event)
            if at_ms // tile_ms == first:
                yield "tile_edge_inside"
            if at_ms // tile_ms == first - 1:
                yield "tile_edge_outside"
            if at_ms == t - WINDOW_MS[window]:
                yield "distinct_edge_hit"
            if at_ms > t:
                yield "ahead_of_the_clock"
            if isinstance(event, PaymentCorrected) and to_ms(event.paid_at) // tile_ms >= first:
                yield "correction_of_a_tile_in_a_window"


def _out_of_order(profile: list[Told]) -> bool:
    since = [to_ms(told.event.valid_from) for told in profile if isinstance(told.event, PROFILE)]
    return since != sorted(since)

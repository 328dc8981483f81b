"""One event into a history.

`fold` is pure, commutative and idempotent as a whole: the same events in any order and any number of times
give the same history, version included.

A repeat is known by its id, and ids are not kept for ever (domain.folded_ids). An event whose id was pruned
is folded again if it comes again: the job keeps such repeats out by refusing late events, unless they bear
their old record time. A history with a full slot of ids is `saturated`; only this flag may depend on the
order.
"""

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from domain.counterparts import seen
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
    to_ms,
)
from domain.folded_ids import LATENESS_HORIZON_MS, MEMORY, digest, holds, with_id
from domain.history import (
    AMOUNT_BUCKETS,
    RECENT_CAP,
    RIDES_CAP,
    TILES_FIELD,
    WINDOWS_OF_KIND,
    History,
    HistoryKind,
    bucket_of,
)
from domain.positions import Position, advanced
from domain.tiles import LAYOUTS, with_sums

Amounts = Mapping[str, int]  # what an event adds to its tile
NOTHING: Amounts = {}
_TILES = {
    kind: tuple((window_ms, TILES_FIELD[window_ms]) for window_ms in windows)
    for kind, windows in WINDOWS_OF_KIND.items()
}
# Whom a payment makes the owner of a history meet: the event's field that names it, the two that keep it.
_USER = ("user_id", "user_ids", "user_seen_ms")
_CARD = ("card_id", "card_ids", "card_seen_ms")
_DEVICE = ("device_id", "device_ids", "device_seen_ms")
_ZONE = ("pickup_zone", "zone_ids", "zone_seen_ms")
_DRIVER = ("driver_id", "driver_ids", "driver_seen_ms")
_MEETS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "card": (_USER, _DEVICE, _ZONE, _DRIVER),
    "user": (_CARD, _DEVICE, _ZONE, _DRIVER),
    "device": (_USER, _CARD),
    "zone": (),
}
RECENT = ("recent_at_ms", "recent_ids", "recent_lat_e6", "recent_lon_e6", "recent_drivers")
RIDES = ("ride_at_ms", "ride_ids", "ride_estimates_minor")


def is_late(event: Event, record_time_ms: int) -> bool:
    """Later than the horizon, a fact of the event and not of its arrival; such events are not folded."""
    return record_time_ms - event_time_ms(event) > LATENESS_HORIZON_MS


def fold(
    kind: HistoryKind,
    history: History | None,
    event: Event,
    known_at_ms: int,
    position: Position | None = None,
    *,
    epoch: int = 1,
) -> History:
    """The history with `event` in it; the very same object when the event was folded before.

    `position` says where the event stands in Kafka; one that waits for its verdict stands nowhere yet.
    `epoch` is that of a history that begins here.
    """
    history = history or History(epoch=epoch)
    time_ms = event_time_ms(event)
    memory, name = MEMORY[kind], digest(event.id)
    slot = time_ms // memory.slot_ms
    if holds(history.folded_slots, history.folded_ids, slot, name):
        return history
    draft = copy(history)
    draft.version += 1
    draft.known_at_ms = max(draft.known_at_ms, known_at_ms)
    draft.last_seen_ms = max(draft.last_seen_ms, time_ms)
    if time_ms < draft.first_seen_ms or not draft.first_seen_ms:
        draft.first_seen_ms = time_ms
    if position:
        draft.positions = advanced(draft.positions, position)
    oldest = (draft.last_seen_ms - memory.kept_ms) // memory.slot_ms
    draft.folded_slots, draft.folded_ids, full = with_id(
        draft.folded_slots, draft.folded_ids, slot, name, oldest=oldest, cap=memory.cap
    )
    if full:
        draft.saturated = True
    amounts = _FOLDS[type(event)](draft, kind, event, time_ms)
    counted_ms = to_ms(event.paid_at) if isinstance(event, PaymentCorrected) else time_ms
    _count(draft, kind, counted_ms, amounts)
    return draft


def folds(event: Event) -> bool:
    """Whether this type of event changes histories."""
    return type(event) in _FOLDS


def _count(draft: History, kind: HistoryKind, time_ms: int, amounts: Amounts) -> None:
    """Every event moves the tiles on, so that what was pruned does not depend on the order."""
    layout, newest_ms = LAYOUTS[kind], draft.last_seen_ms
    sums = layout.placed(amounts)
    for window_ms, field in _TILES[kind]:
        rows = getattr(draft, field)
        if rows or sums:
            setattr(draft, field, with_sums(rows, layout, window_ms, time_ms, newest_ms=newest_ms, sums=sums))


def _fold_payment(draft: History, kind: HistoryKind, event: PaymentDecided, time_ms: int) -> Amounts:
    for field, ids, times in _MEETS[kind]:
        met = seen(getattr(draft, ids), getattr(draft, times), getattr(event, field), time_ms)
        setattr(draft, ids, met[0])
        setattr(draft, times, met[1])
    draft.last_payment_ms = max(draft.last_payment_ms, time_ms)
    declined = event.verdict is Verdict.DECLINE
    if kind == "user":
        _keep_recent(draft, event, time_ms)
        _bucket(draft, event.amount_minor, 0 if declined else 1)
    if declined:
        draft.lifetime_declines += 1
    else:
        draft.lifetime_payments += 1
        draft.lifetime_amount_minor += event.amount_minor
    return {
        "payments": 1,
        "amount_minor": event.amount_minor,
        "declines": declined,
        "promos": event.promo_id is not None,
    }


def _keep_recent(draft: History, event: PaymentDecided, time_ms: int) -> None:
    place = (round(event.pickup_lat * 1e6), round(event.pickup_lon * 1e6))
    _keep_newest(draft, RECENT, (time_ms, event.id, *place, event.driver_id), RECENT_CAP)


def _keep_newest(draft: History, fields: tuple[str, ...], row: tuple[Any, ...], cap: int) -> None:
    """Columns of rows in order, the newest `cap` of them; new rows are nearly always last."""
    columns = [getattr(draft, field) for field in fields]
    at = size = len(columns[0])
    if at and columns[0][-1] >= row[0]:
        while at and tuple(column[at - 1] for column in columns) > row:
            at -= 1
    for field, column, value in zip(fields, columns, row, strict=True):
        kept = column[:]
        kept.insert(at, value)
        if size >= cap:
            del kept[:-cap]
        setattr(draft, field, kept)


def _bucket(draft: History, amount_minor: int, change: int) -> None:
    if change:
        buckets = draft.amount_buckets[:] or [0] * AMOUNT_BUCKETS
        buckets[bucket_of(amount_minor)] += change
        draft.amount_buckets = buckets


def _fold_outcome(draft: History, _kind: HistoryKind, event: PaymentOutcome, _time_ms: int) -> Amounts:
    if event.outcome is Outcome.FAILED:
        draft.lifetime_failures += 1
        return {"failures": 1}
    if event.outcome is Outcome.CHARGEBACK:
        draft.lifetime_chargebacks += 1
    return NOTHING


def _fold_correction(draft: History, kind: HistoryKind, event: PaymentCorrected, _time_ms: int) -> Amounts:
    """Only the difference counts, so that it may come before the payment that it corrects."""
    difference = event.after_minor - event.before_minor
    draft.lifetime_amount_minor += difference
    if kind == "user":
        _bucket(draft, event.before_minor, -1)
        _bucket(draft, event.after_minor, 1)
    return {"amount_minor": difference}


def _fold_request(draft: History, kind: HistoryKind, event: RideRequested, time_ms: int) -> Amounts:
    if kind == "user":
        _keep_newest(draft, RIDES, (time_ms, event.ride_id, event.estimate_minor), RIDES_CAP)
    return {"requests": 1}


def _fold_cancel(_draft: History, _kind: HistoryKind, _event: RideCancelled, _time_ms: int) -> Amounts:
    return {"cancels": 1}


def _fold_card_added(draft: History, kind: HistoryKind, _event: CardAdded, time_ms: int) -> Amounts:
    if kind == "card":
        draft.card_first_added_ms = min(draft.card_first_added_ms or time_ms, time_ms)
    return {"cards_added": 1}


def _fold_login(draft: History, _kind: HistoryKind, event: DeviceLogin, time_ms: int) -> Amounts:
    if event.new_device:
        draft.new_device_login_ms = max(draft.new_device_login_ms, time_ms)
    return NOTHING


def _fold_account(_draft: History, _kind: HistoryKind, _event: AccountCreated, _time_ms: int) -> Amounts:
    return {"accounts": 1}


def _fold_profile_change(draft: History, _kind: HistoryKind, event: ProfileChanged, time_ms: int) -> Amounts:
    if event.contact_changed:
        draft.contact_changed_ms = max(draft.contact_changed_ms, time_ms)
    return NOTHING


_FOLDS: dict[type, Callable[..., Amounts]] = {
    PaymentDecided: _fold_payment,
    PaymentOutcome: _fold_outcome,
    PaymentCorrected: _fold_correction,
    RideRequested: _fold_request,
    RideCancelled: _fold_cancel,
    CardAdded: _fold_card_added,
    DeviceLogin: _fold_login,
    AccountCreated: _fold_account,
    ProfileChanged: _fold_profile_change,
}

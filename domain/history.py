"""The folded recent past of a card, a rider, a device or a zone.

`fold` is pure, commutative and idempotent as a whole: the same events in any order and any number of times
give the same history, version included. Nothing inside is a float. The rules are in
docs/feature-contract.md.

A repeat is known by its id, and ids are not kept for ever (domain.folded_ids). An event whose id was pruned
is folded again if it comes again: the job keeps such repeats out by refusing late events, unless they bear
their old record time. A history with a full slot of ids is `saturated`; only this flag may depend on the
order.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, msgpack

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
from domain.positions import Position, advanced
from domain.tiles import DAY, FIVE_MINUTES, HOUR, LAYOUTS, MONTH, WEEK, with_sums

HistoryKind = Literal["card", "user", "device", "zone"]
Amounts = Mapping[str, int]  # what an event adds to its tile
NOTHING: Amounts = {}
RECENT_CAP = 16
RIDES_CAP = 8
AMOUNT_BUCKETS = 24
STATE_LIMIT_BYTES = 120_000  # whatever is sent to one entity; 64,000 when ids are ASCII, as the API's are

TILES_FIELD = {
    FIVE_MINUTES: "tiles_5m",
    HOUR: "tiles_1h",
    DAY: "tiles_24h",
    WEEK: "tiles_7d",
    MONTH: "tiles_30d",
}
WINDOWS_OF_KIND: Mapping[str, tuple[int, ...]] = {
    "card": (FIVE_MINUTES, HOUR, DAY, WEEK),
    "user": (FIVE_MINUTES, HOUR, DAY, WEEK, MONTH),
    "device": (HOUR, DAY, MONTH),
    "zone": (FIVE_MINUTES, HOUR, WEEK),
}
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

Times = Annotated[list[int], Meta(description="last seen, milliseconds since the epoch, oldest first")]


class History(Struct, omit_defaults=True, kw_only=True):
    """Every field is a field of the Feast views card_history, user_history, device_history, zone_history."""

    epoch: Annotated[int, Meta(description="rises when a history is rebuilt from nothing")] = 1
    version: Annotated[int, Meta(description="rises by one with each event folded in")] = 0
    known_at_ms: Annotated[int, Meta(description="newest Kafka time of the events folded in")] = 0
    saturated: Annotated[bool, Meta(description="more events than ids are kept for")] = False
    positions: Annotated[list[int], Meta(description="newest folded offset of each source partition")] = []
    first_seen_ms: Annotated[int, Meta(description="time of the oldest event folded in")] = 0
    last_seen_ms: Annotated[int, Meta(description="time of the newest event folded in")] = 0
    last_payment_ms: Annotated[int, Meta(description="time of the newest payment")] = 0
    tiles_5m: Annotated[list[int], Meta(description="15 s tiles for the 5 min window")] = []
    tiles_1h: Annotated[list[int], Meta(description="3 min tiles for the 1 h window")] = []
    tiles_24h: Annotated[list[int], Meta(description="1 h tiles for the 24 h window")] = []
    tiles_7d: Annotated[list[int], Meta(description="8 h tiles for the 7 d window")] = []
    tiles_30d: Annotated[list[int], Meta(description="24 h tiles for the 30 d window")] = []
    user_ids: Annotated[list[str], Meta(description="riders that paid with it")] = []
    user_seen_ms: Times = []
    card_ids: Annotated[list[str], Meta(description="cards that were paid with")] = []
    card_seen_ms: Times = []
    device_ids: Annotated[list[str], Meta(description="devices that payments came from")] = []
    device_seen_ms: Times = []
    zone_ids: Annotated[list[str], Meta(description="zones of pick-ups")] = []
    zone_seen_ms: Times = []
    driver_ids: Annotated[list[str], Meta(description="drivers that were paid")] = []
    driver_seen_ms: Times = []
    recent_at_ms: Annotated[list[int], Meta(description="times of a rider's newest payments")] = []
    recent_ids: Annotated[list[str], Meta(description="their transactions")] = []
    recent_lat_e6: Annotated[list[int], Meta(description="their pick-up latitudes, microdegrees")] = []
    recent_lon_e6: Annotated[list[int], Meta(description="their pick-up longitudes, microdegrees")] = []
    recent_drivers: Annotated[list[str], Meta(description="their drivers")] = []
    ride_at_ms: Annotated[list[int], Meta(description="when a rider asked for the newest rides")] = []
    ride_ids: Annotated[list[str], Meta(description="those rides")] = []
    ride_estimates_minor: Annotated[list[int], Meta(description="their fares as foretold, minor units")] = []
    lifetime_payments: Annotated[int, Meta(description="payments let through, ever")] = 0
    lifetime_amount_minor: Annotated[int, Meta(description="their money, minor units")] = 0
    lifetime_declines: Annotated[int, Meta(description="payments declined, ever")] = 0
    lifetime_failures: Annotated[int, Meta(description="payments that the issuer refused, ever")] = 0
    lifetime_chargebacks: Annotated[int, Meta(description="chargebacks, ever")] = 0
    amount_buckets: Annotated[list[int], Meta(description="payments let through by log2 of the amount")] = []
    card_first_added_ms: Annotated[int, Meta(description="when the card was first added")] = 0
    new_device_login_ms: Annotated[int, Meta(description="newest login on a device not seen before")] = 0
    contact_changed_ms: Annotated[int, Meta(description="newest change of e-mail or phone")] = 0
    folded_slots: Annotated[list[int], Meta(description="slots of time of the events folded in lately")] = []
    folded_ids: Annotated[list[bytes], Meta(description="digests of their ids, slot by slot")] = []


_encoder = msgpack.Encoder()
_decoder = msgpack.Decoder(History)
# What copy.copy calls, three times as fast; msgspec's stubs leave it out.
_copy: Callable[[History], History] = History.__copy__  # type: ignore[attr-defined]


def encode_history(history: History) -> bytes:
    return _encoder.encode(history)


def decode_history(payload: bytes) -> History:
    return _decoder.decode(payload)


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
    draft = _copy(history)
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


def bucket_of(amount_minor: int) -> int:
    return min(amount_minor.bit_length(), AMOUNT_BUCKETS) - 1


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

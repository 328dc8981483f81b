"""The folded recent past of a card or a user.

`fold` is pure, commutative and idempotent as a whole: the same events in any order and any number of times
give the same history, version included. Nothing inside is a float.

A repeat is known by its id, and ids are not kept for ever. An event whose id was pruned, being older than the
newest event by more than `IDS_KEPT_MS` or not among the `IDS_CAP` newest, is folded again if it comes again:
the job keeps such repeats out by refusing late events, unless they bear their old record time. A history past
the cap is `saturated`; only this flag may depend on the order, of events near the cap.
"""

from collections.abc import Callable, Mapping
from copy import copy
from typing import Annotated, Literal

from msgspec import Meta, Struct, msgpack

from domain.counterparts import newest, place, seen
from domain.decision import Outcome, Verdict
from domain.display import DAY_MS, HOUR_MS
from domain.events import (
    CardAdded,
    DeviceLogin,
    Event,
    PaymentDecided,
    PaymentOutcome,
    ProfileChanged,
    RideCancelled,
    RideRequested,
    event_time_ms,
)
from domain.tiles import TILE_OF_WINDOW, with_sums

HistoryKind = Literal["card", "user"]
Sums = Mapping[str, int]  # what an event adds to its tile
NOTHING: Sums = {}
LATENESS_HORIZON_MS = HOUR_MS
IDS_KEPT_MS = DAY_MS + LATENESS_HORIZON_MS
IDS_CAP = 512
RECENT_CAP = 8
AMOUNT_BUCKETS = 24

FIVE_MINUTES, HOUR, DAY, WEEK, MONTH = TILE_OF_WINDOW
TILES_FIELD = {
    FIVE_MINUTES: "tiles_5m",
    HOUR: "tiles_1h",
    DAY: "tiles_24h",
    WEEK: "tiles_7d",
    MONTH: "tiles_30d",
}

Times = Annotated[list[int], Meta(description="last seen, milliseconds since the epoch, oldest first")]


class History(Struct, omit_defaults=True, kw_only=True):
    """Every field is a field of the Feast views card_history and user_history."""

    epoch: Annotated[int, Meta(description="rises when a history is rebuilt from nothing")] = 1
    version: Annotated[int, Meta(description="rises by one with each event folded in")] = 0
    known_at_ms: Annotated[int, Meta(description="newest Kafka time of the events folded in")] = 0
    saturated: Annotated[bool, Meta(description="more events in a day than ids are kept for")] = False
    first_seen_ms: Annotated[int, Meta(description="time of the oldest event folded in")] = 0
    last_seen_ms: Annotated[int, Meta(description="time of the newest event folded in")] = 0
    tiles_5m: Annotated[list[int], Meta(description="15 s tiles for the 5 min window")] = []
    tiles_1h: Annotated[list[int], Meta(description="3 min tiles for the 1 h window")] = []
    tiles_24h: Annotated[list[int], Meta(description="1 h tiles for the 24 h window")] = []
    tiles_7d: Annotated[list[int], Meta(description="8 h tiles for the 7 d window")] = []
    tiles_30d: Annotated[list[int], Meta(description="24 h tiles for the 30 d window")] = []
    user_ids: Annotated[list[str], Meta(description="users that paid with this card")] = []
    user_seen_ms: Times = []
    card_ids: Annotated[list[str], Meta(description="cards that this user paid with")] = []
    card_seen_ms: Times = []
    device_ids: Annotated[list[str], Meta(description="devices that payments came from")] = []
    device_seen_ms: Times = []
    zone_ids: Annotated[list[str], Meta(description="zones of pick-ups")] = []
    zone_seen_ms: Times = []
    driver_ids: Annotated[list[str], Meta(description="drivers that were paid")] = []
    driver_seen_ms: Times = []
    recent_ids: Annotated[list[str], Meta(description="the newest payments")] = []
    recent_at_ms: Annotated[list[int], Meta(description="their times")] = []
    recent_lat_e6: Annotated[list[int], Meta(description="their pick-up latitudes, microdegrees")] = []
    recent_lon_e6: Annotated[list[int], Meta(description="their pick-up longitudes, microdegrees")] = []
    lifetime_payments: Annotated[int, Meta(description="payments let through, ever")] = 0
    lifetime_amount_minor: Annotated[int, Meta(description="their money, minor units")] = 0
    lifetime_declines: Annotated[int, Meta(description="payments declined, ever")] = 0
    lifetime_failures: Annotated[int, Meta(description="payments that the issuer refused, ever")] = 0
    lifetime_chargebacks: Annotated[int, Meta(description="chargebacks, ever")] = 0
    amount_buckets: Annotated[list[int], Meta(description="payments let through by log2 of the amount")] = []
    card_added_ms: Annotated[int, Meta(description="when the newest card was added")] = 0
    card_first_added_ms: Annotated[int, Meta(description="when a card was first added")] = 0
    new_device_login_ms: Annotated[int, Meta(description="newest login on a device not seen before")] = 0
    contact_changed_ms: Annotated[int, Meta(description="newest change of e-mail or phone")] = 0
    folded_ids: Annotated[list[str], Meta(description="ids of the events folded in lately")] = []
    folded_at_ms: Annotated[list[int], Meta(description="their times")] = []


_encoder = msgpack.Encoder()
_decoder = msgpack.Decoder(History)


def encode_history(history: History) -> bytes:
    return _encoder.encode(history)


def decode_history(payload: bytes) -> History:
    return _decoder.decode(payload)


def is_late(event: Event, record_time_ms: int) -> bool:
    """Later than the horizon, a fact of the event and not of its arrival; such events are not folded."""
    return record_time_ms - event_time_ms(event) > LATENESS_HORIZON_MS


def fold(kind: HistoryKind, history: History | None, event: Event, known_at_ms: int) -> History:
    """The history with `event` in it; the very same object when the event was folded before."""
    history = history or History()
    if event.id in history.folded_ids:
        return history
    time_ms = event_time_ms(event)
    draft = copy(history)
    draft.version += 1
    draft.known_at_ms = max(draft.known_at_ms, known_at_ms)
    draft.first_seen_ms = min(draft.first_seen_ms or time_ms, time_ms)
    draft.last_seen_ms = max(draft.last_seen_ms, time_ms)
    _remember(draft, event.id, time_ms)
    _count(draft, time_ms, _FOLDS[type(event)](draft, kind, event, time_ms))
    return draft


def folds(event: Event) -> bool:
    """Whether this type of event changes card and user histories."""
    return type(event) in _FOLDS


def _remember(draft: History, event_id: str, time_ms: int) -> None:
    ids, times = newest(draft.folded_ids, draft.folded_at_ms, event_id, time_ms, IDS_CAP + 1)
    edge = draft.last_seen_ms - IDS_KEPT_MS
    expired = 0
    while times[expired] < edge:
        expired += 1
    if len(ids) - expired > IDS_CAP:
        draft.saturated = True
        expired = len(ids) - IDS_CAP
    draft.folded_ids, draft.folded_at_ms = ids[expired:], times[expired:]


def _count(draft: History, time_ms: int, sums: Sums) -> None:
    """Every event moves the tiles on, so that what was pruned does not depend on the order."""
    for window_ms, field in TILES_FIELD.items():
        setattr(draft, field, with_sums(getattr(draft, field), window_ms, time_ms, draft.last_seen_ms, sums))


def _meet(draft: History, what: str, other: str, time_ms: int) -> None:
    ids, times = f"{what}_ids", f"{what}_seen_ms"
    met = seen(getattr(draft, ids), getattr(draft, times), other, time_ms)
    setattr(draft, ids, met[0])
    setattr(draft, times, met[1])


def _fold_payment(draft: History, kind: HistoryKind, event: PaymentDecided, time_ms: int) -> Sums:
    other, other_id = ("user", event.user_id) if kind == "card" else ("card", event.card_id)
    _meet(draft, other, other_id, time_ms)
    _meet(draft, "device", event.device_id, time_ms)
    _meet(draft, "zone", event.pickup_zone, time_ms)
    _meet(draft, "driver", event.driver_id, time_ms)
    _keep_recent(draft, event, time_ms)
    declined = event.verdict is Verdict.DECLINE
    if declined:
        draft.lifetime_declines += 1
    else:
        _let_through(draft, event.amount_minor)
    return {"payments": 1, "amount_minor": event.amount_minor, "declines": int(declined)}


def _let_through(draft: History, amount_minor: int) -> None:
    draft.lifetime_payments += 1
    draft.lifetime_amount_minor += amount_minor
    buckets = draft.amount_buckets[:] or [0] * AMOUNT_BUCKETS
    buckets[min(amount_minor.bit_length(), AMOUNT_BUCKETS) - 1] += 1
    draft.amount_buckets = buckets


def _keep_recent(draft: History, event: PaymentDecided, time_ms: int) -> None:
    at = place(draft.recent_ids, draft.recent_at_ms, event.id, time_ms)
    row = (event.id, time_ms, round(event.pickup_lat * 1e6), round(event.pickup_lon * 1e6))
    for field, value in zip(
        ("recent_ids", "recent_at_ms", "recent_lat_e6", "recent_lon_e6"), row, strict=True
    ):
        column = getattr(draft, field)
        setattr(draft, field, [*column[:at], value, *column[at:]][-RECENT_CAP:])


def _fold_outcome(draft: History, _kind: HistoryKind, event: PaymentOutcome, _time_ms: int) -> Sums:
    if event.outcome is Outcome.FAILED:
        draft.lifetime_failures += 1
        return {"failures": 1}
    if event.outcome is Outcome.CHARGEBACK:
        draft.lifetime_chargebacks += 1
    return NOTHING


def _fold_request(_draft: History, _kind: HistoryKind, _event: RideRequested, _time_ms: int) -> Sums:
    return {"requests": 1}


def _fold_cancel(_draft: History, _kind: HistoryKind, _event: RideCancelled, _time_ms: int) -> Sums:
    return {"cancels": 1}


def _fold_card_added(draft: History, _kind: HistoryKind, _event: CardAdded, time_ms: int) -> Sums:
    draft.card_added_ms = max(draft.card_added_ms, time_ms)
    draft.card_first_added_ms = min(draft.card_first_added_ms or time_ms, time_ms)
    return {"cards_added": 1}


def _fold_login(draft: History, _kind: HistoryKind, event: DeviceLogin, time_ms: int) -> Sums:
    if event.new_device:
        draft.new_device_login_ms = max(draft.new_device_login_ms, time_ms)
    return {"logins": 1}


def _fold_profile_change(draft: History, _kind: HistoryKind, event: ProfileChanged, time_ms: int) -> Sums:
    if event.contact_changed:
        draft.contact_changed_ms = max(draft.contact_changed_ms, time_ms)
    return NOTHING


_FOLDS: dict[type, Callable[..., Sums]] = {
    PaymentDecided: _fold_payment,
    PaymentOutcome: _fold_outcome,
    RideRequested: _fold_request,
    RideCancelled: _fold_cancel,
    CardAdded: _fold_card_added,
    DeviceLogin: _fold_login,
    ProfileChanged: _fold_profile_change,
}

"""The folded recent past of a card, a rider, a device or a zone: what is kept, and for how long.

Nothing inside is a float. domain.fold fills it; the rules are in docs/feature-contract.md.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct, msgpack

from domain.tiles import DAY, FIVE_MINUTES, HOUR, MONTH, WEEK

HistoryKind = Literal["card", "user", "device", "zone"]
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
    "device": (HOUR, MONTH),
    "zone": (FIVE_MINUTES, HOUR, WEEK),
}

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


def encode_history(history: History) -> bytes:
    return _encoder.encode(history)


def decode_history(payload: bytes) -> History:
    return _decoder.decode(payload)


def bucket_of(amount_minor: int) -> int:
    return min(amount_minor.bit_length(), AMOUNT_BUCKETS) - 1

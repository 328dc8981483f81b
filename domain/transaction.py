"""A payment that waits for a verdict."""

from msgspec import Struct


class Transaction(Struct, frozen=True, kw_only=True):
    """Times in milliseconds since the epoch, money in minor units, distance in metres."""

    transaction_id: str
    ride_id: str
    user_id: str
    card_id: str
    device_id: str
    driver_id: str
    amount_minor: int
    currency: str
    pickup_zone: str
    dropoff_zone: str
    pickup_lat: float
    pickup_lon: float
    distance_m: int
    requested_at_ms: int
    promo_id: str | None = None

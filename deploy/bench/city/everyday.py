"""Everyday payments of the stack's simulated riders, from home and back, as the approval API is asked."""

import random
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

from app.requests import Place, TransactionRequest
from data_generator.identity import token
from data_generator.population import City, Rider
from domain.money import SETTLEMENT_CURRENCY


def payments(city: City, seed: int) -> Iterator[TransactionRequest]:
    """Without end; who pays and how much follows the seed, the ids are new each time."""
    rng = random.Random(seed)
    while True:
        yield ride_home(city.rider(rng.randrange(city.riders)), rng.randrange(500, 5_000))


def ride_home(rider: Rider, amount_minor: int) -> TransactionRequest:
    home = Place(zone=rider.home.zone_id, lat=rider.home.lat, lon=rider.home.lon)
    return TransactionRequest(
        transaction_id=token("txn", secrets.token_hex(10)),
        ride_id=token("ride", secrets.token_hex(10)),
        user_id=rider.user_id,
        card_id=rider.card_ids[0],
        device_id=rider.device_id,
        driver_id="drv_bench",
        amount_minor=amount_minor,
        currency=SETTLEMENT_CURRENCY,
        pickup=home,
        dropoff=home,
        distance_m=3_000,
        requested_at=datetime.now(UTC),
    )

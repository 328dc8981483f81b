"""The payment that benchmarks send, as an event and as the approval API is asked."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from msgspec import structs

from app.requests import Place, TransactionRequest
from data_generator.identity import token
from data_generator.population import City, Rider
from domain.decision import Rung, Verdict
from domain.events import PaymentDecided
from domain.money import SETTLEMENT_CURRENCY

BENCH_ZONE, BENCH_DRIVER = "zone_bench", "drv_bench"


def a_payment(
    rider: str,
    *,
    name: str = "only",
    at: datetime | None = None,
    zone: str = BENCH_ZONE,
    driver: str = BENCH_DRIVER,
) -> PaymentDecided:
    """One payment, called `name`, of a rider whose card, account and device are named alike."""
    payment = f"txn_{rider}_{name}" if name else f"txn_{rider}"
    return PaymentDecided(
        id=payment,
        event_time=at or datetime.now(UTC),
        producer="bench",
        decision_id=f"dec_{rider}",
        transaction_id=payment,
        ride_id=f"ride_{rider}",
        user_id=f"usr_{rider}",
        card_id=f"card_{rider}",
        device_id=f"dev_{rider}",
        driver_id=driver,
        amount_minor=1_850,
        currency=SETTLEMENT_CURRENCY,
        pickup_zone=zone,
        dropoff_zone=BENCH_ZONE,
        pickup_lat=40.71,
        pickup_lon=-74.0,
        distance_m=6_200,
        verdict=Verdict.APPROVE,
        rung=Rung.R0,
    )


def a_stranger() -> str:
    """A rider that nobody knows yet. No digits: no id may look like a card number."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(16))


def as_asked(payment: PaymentDecided) -> TransactionRequest:
    """From a place and back to it."""
    place = Place(zone=payment.pickup_zone, lat=payment.pickup_lat, lon=payment.pickup_lon)
    return TransactionRequest(
        transaction_id=payment.transaction_id,
        ride_id=payment.ride_id,
        user_id=payment.user_id,
        card_id=payment.card_id,
        device_id=payment.device_id,
        driver_id=payment.driver_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        pickup=place,
        dropoff=place,
        distance_m=payment.distance_m,
        requested_at=payment.event_time,
    )


def asked_by_riders(city: City, seed: int) -> Iterator[TransactionRequest]:
    """Without end; who pays and how much follows the seed, the ids are new each time."""
    rng = Random(seed)
    while True:
        yield ride_home(city.rider(rng.randrange(city.riders)), rng.randrange(500, 5_000))


def ride_home(rider: Rider, amount_minor: int) -> TransactionRequest:
    """An everyday ride of a simulated rider."""
    new = structs.replace(
        a_payment("rider", name=""),
        transaction_id=token("txn", secrets.token_hex(10)),
        ride_id=token("ride", secrets.token_hex(10)),
        user_id=rider.user_id,
        card_id=rider.card_ids[0],
        device_id=rider.device_id,
        amount_minor=amount_minor,
        pickup_zone=rider.home.zone_id,
        pickup_lat=rider.home.lat,
        pickup_lon=rider.home.lon,
        distance_m=3_000,
    )
    return as_asked(new)

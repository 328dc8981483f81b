"""Vectors made of the bytes that are stored."""

from array import array
from functools import partial
from statistics import median
from typing import NamedTuple

from msgspec import json

from deploy.bench.city.lived_city import LivedCity
from deploy.bench.store.raw_read import KEY_OF_KIND, WARM_UP
from deploy.bench.store.timing import seconds
from domain.events import PaymentDecided, encode_event
from domain.history import decode_history
from domain.online_store import VIEW_OF_KIND
from domain.profile import decode_profile
from domain.ring import decode_ring
from domain.transaction import Transaction
from domain.vector import observe, vector

decode_payment = json.Decoder(PaymentDecided).decode  # as the API reads what is in flight


class Asked(NamedTuple):
    """A payment, and the bytes that the API would read for it."""

    transaction: Transaction
    card: bytes
    user: bytes
    device: bytes
    zone: bytes
    profile: bytes
    ring: bytes
    in_flight: bytes


def time_of_a_vector(city: LivedCity, vectors: int) -> float:
    """Median microseconds from the bytes of histories, profile, ring and a payment in flight to float32."""
    asked = [_asked(city, number) for number in range(WARM_UP + vectors)]
    times = [seconds(partial(_vector, city, each)) * 1e6 for each in asked]
    return median(times[WARM_UP:])


def _asked(city: LivedCity, number: int) -> Asked:
    keys = city.keys(number)
    card, user, device, zone, profile, ring = (
        city.stored[VIEW_OF_KIND[kind]][keys[key]] for kind, key in KEY_OF_KIND.items()
    )
    waiting = encode_event(city.payment(number))
    return Asked(city.transaction(number), card, user, device, zone, profile, ring, waiting)


def _vector(city: LivedCity, asked: Asked) -> "array[float]":
    moment = observe(
        transaction=asked.transaction,
        as_of_ms=city.now_ms,
        card=decode_history(asked.card),
        user=decode_history(asked.user),
        device=decode_history(asked.device),
        zone=decode_history(asked.zone),
        profile=decode_profile(asked.profile),
        ring=decode_ring(asked.ring),
        pulse=city.pulse,
        in_flight=[decode_payment(asked.in_flight)],
    )
    return vector(moment)

"""A small city with a past: a month of rides, and just now a burst of payments by everybody."""

from collections.abc import Iterator
from random import Random
from typing import Any

from domain.display import DAY_MS, MINUTE_MS, SECOND_MS
from domain.events import (
    AccountCreated,
    PaymentDecided,
    RideCancelled,
    RideRequested,
    event_time_ms,
    from_ms,
)
from domain.fold import fold
from domain.history import History, HistoryKind, encode_history
from domain.online_store import VIEW_OF_KIND, WATERMARK_ENTITY, WATERMARK_VIEW, encode_watermark
from domain.platform import Pulse, pulse_of
from domain.profile import encode_profile, fold_profile
from domain.ring import Ring, encode_ring
from domain.transaction import Transaction
from domain.vector import as_attempt

RIDERS, ZONES, DRIVERS = 40, 8, 300
PAYMENTS, BURST = 60, 5
CANCELLED_SHARE = 0.05
RideEvent = RideRequested | RideCancelled | PaymentDecided
KINDS_OF: dict[type, tuple[HistoryKind, ...]] = {
    RideRequested: ("user", "zone"),
    RideCancelled: ("user", "zone"),
    PaymentDecided: ("card", "user", "device", "zone"),
}
OWNER = {"card": "card_id", "user": "user_id", "device": "device_id", "zone": "pickup_zone"}


class LivedCity:
    """`stored` holds each view's payloads by entity; what is asked for by number goes round the riders."""

    def __init__(self, *, now_ms: int, seed: int = 1) -> None:
        self.now_ms = now_ms
        self._random = Random(seed)
        self.histories: dict[str, dict[str, History]] = {kind: {} for kind in OWNER}
        events = sorted((event for rider in range(RIDERS) for event in self._life(rider)), key=event_time_ms)
        for offset, event in enumerate(events):
            self._fold(event, (offset % 4, offset))
        self.stored = self._stored()
        self.pulse: Pulse = pulse_of(self.histories["zone"].values(), now_ms)

    def transaction(self, number: int, at_ms: int | None = None) -> Transaction:
        """A payment that arrives now."""
        rider, rng = number % RIDERS, self._random
        return Transaction(
            transaction_id=f"txn_{rng.getrandbits(60):x}",
            ride_id=f"ride_{rng.getrandbits(60):x}",
            user_id=f"usr_{rider}",
            card_id=f"card_{rider}",
            device_id=f"dev_{rider}",
            driver_id=f"drv_{rng.randrange(DRIVERS)}",
            amount_minor=rng.randrange(500, 5_000),
            currency="USD",
            pickup_zone=f"zone_{(rider + int(abs(rng.gauss(0, 2)))) % ZONES}",
            dropoff_zone=f"zone_{rng.randrange(ZONES)}",
            pickup_lat=40.7 + rng.random() / 10,
            pickup_lon=-74.0 + rng.random() / 10,
            distance_m=rng.randrange(800, 15_000),
            requested_at_ms=self.now_ms if at_ms is None else at_ms,
        )

    def payment(self, number: int) -> PaymentDecided:
        """One that came a moment ago and waits for its verdict."""
        return as_attempt(self.transaction(number), self.now_ms - 5)

    def keys(self, number: int) -> dict[str, str]:
        """What a Feast client names to read all that a decision of this rider reads."""
        rider = number % RIDERS
        return {
            "card_id": f"card_{rider}",
            "user_id": f"usr_{rider}",
            "device_id": f"dev_{rider}",
            "zone_id": f"zone_{rider % ZONES}",
            "pipeline": WATERMARK_ENTITY,
        }

    def _life(self, rider: int) -> Iterator[RideEvent]:
        rng = self._random
        for _ in range(PAYMENTS):
            at_ms = self.now_ms - rng.randrange(10 * MINUTE_MS, 30 * DAY_MS)
            yield from self._ride(rider, at_ms, asked_ms=at_ms - 10 * MINUTE_MS)
        for number in range(BURST):
            at_ms = self.now_ms - number * 20 * SECOND_MS - rng.randrange(SECOND_MS)
            yield from self._ride(rider, at_ms, asked_ms=at_ms - MINUTE_MS)

    def _ride(self, rider: int, at_ms: int, asked_ms: int) -> Iterator[RideEvent]:
        payment = as_attempt(self.transaction(rider, at_ms), at_ms)
        envelope: dict[str, Any] = {
            "producer": "bench",
            "ride_id": payment.ride_id,
            "user_id": payment.user_id,
        }
        yield RideRequested(
            id=f"req_{payment.id}",
            event_time=from_ms(asked_ms),
            device_id=payment.device_id,
            pickup_zone=payment.pickup_zone,
            dropoff_zone=payment.dropoff_zone,
            pickup_lat=payment.pickup_lat,
            pickup_lon=payment.pickup_lon,
            distance_m=payment.distance_m,
            estimate_minor=payment.amount_minor,
            **envelope,
        )
        if self._random.random() < CANCELLED_SHARE:
            yield RideCancelled(
                id=f"cancel_{payment.id}",
                event_time=from_ms(asked_ms + SECOND_MS),
                cancelled_by="rider",
                pickup_zone=payment.pickup_zone,
                **envelope,
            )
        yield payment

    def _fold(self, event: RideEvent, position: tuple[int, int]) -> None:
        for kind in KINDS_OF[type(event)]:
            owner = getattr(event, OWNER[kind])
            known = self.histories[kind].get(owner)
            self.histories[kind][owner] = fold(kind, known, event, event_time_ms(event), position)

    def _stored(self) -> dict[str, dict[str, bytes]]:
        stored = {
            VIEW_OF_KIND[kind]: {owner: encode_history(history) for owner, history in of_kind.items()}
            for kind, of_kind in self.histories.items()
        }
        profiles = {f"usr_{rider}": self._profile(rider) for rider in range(RIDERS)}
        watermark = {WATERMARK_ENTITY: encode_watermark(self.now_ms - 250)}
        alone = encode_ring(Ring(version=1, positions=[1000, 7]))
        rings = {f"usr_{rider}": alone for rider in range(RIDERS)}
        others = {VIEW_OF_KIND["profile"]: profiles, VIEW_OF_KIND["ring"]: rings, WATERMARK_VIEW: watermark}
        return {**stored, **others}

    def _profile(self, rider: int) -> bytes:
        created = AccountCreated(
            id=f"account_{rider}",
            event_time=from_ms(self.now_ms - 200 * DAY_MS),
            producer="bench",
            user_id=f"usr_{rider}",
            device_id=f"dev_{rider}",
            home_zone=f"zone_{rider % ZONES}",
            rating_centi=480,
            valid_from=from_ms(self.now_ms - 200 * DAY_MS),
        )
        return encode_profile(fold_profile(None, created, event_time_ms(created), (0, rider)))

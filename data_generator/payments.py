"""One payment: its verdict, the challenge, the issuer's word, and what follows minutes and weeks later.

The upfront fare is authorised when a driver has accepted the ride, and captured at once.
"""

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from random import Random

from data_generator.acts import Act, Answer, Pay, Report, Spawn, Story, child
from data_generator.outcomes import (
    DISPUTE_REASON,
    FRAUD_REASON,
    HONEST_DISPUTED,
    HONEST_REFUNDED,
    HONEST_REFUSED,
    chargeback_delay_ms,
    passes_challenge,
    refusal_reason,
)
from data_generator.people import Payer
from data_generator.promotions import promotion
from data_generator.ride_events import ride_cancelled, ride_completed
from data_generator.trips import Trip
from data_generator.world import World
from domain.decision import Outcome, Verdict
from domain.money import SETTLEMENT_CURRENCY
from domain.transaction import Transaction


class Ending(Enum):
    PAID = "paid"
    BLOCKED = "blocked"
    REFUSED = "refused"  # approved here, refused by the card's issuer
    UNANSWERED = "unanswered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """What only the simulator knows: the fraud's name, and how often the issuer refuses such a card.

    `reason` is what a chargeback of fraud says. Whoever pays with an `own_card` passes challenges as the
    honest do.
    """

    fraud: str | None = None
    refused: float = HONEST_REFUSED
    reason: str = FRAUD_REASON
    own_card: bool = False


HONEST = Truth()


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    ending: Ending
    at_ms: int


Settling = Generator[Act | Spawn, Answer | None, Settled]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Payment:
    world: World
    rng: Random
    payer: Payer
    trip: Trip
    transaction: Transaction
    truth: Truth


def pay(
    world: World, rng: Random, *, payer: Payer, trip: Trip, ride_id: str, at_ms: int, truth: Truth
) -> Settling:
    payment = _Payment(
        world=world,
        rng=child(rng),
        payer=payer,
        trip=trip,
        transaction=_transaction(world, payer, trip, ride_id, at_ms),
        truth=truth,
    )
    answer = yield Pay(at_ms=at_ms, transaction=payment.transaction, fraud=truth.fraud)
    settled = yield from _settle(payment, answer or Answer(at_ms=at_ms, verdict=None))
    yield Spawn(_aftermath(payment, settled))
    return settled


def _settle(payment: _Payment, answer: Answer) -> Settling:
    now_ms = answer.at_ms
    match answer.verdict:
        case None:
            return Settled(ending=Ending.UNANSWERED, at_ms=now_ms)
        case Verdict.DECLINE:
            return Settled(ending=Ending.BLOCKED, at_ms=now_ms)
        case Verdict.CHALLENGE:
            now_ms += int(payment.rng.uniform(4_000, 20_000))
            thief = payment.truth.fraud is not None and not payment.truth.own_card
            passed = passes_challenge(payment.rng, fraud=thief)
            outcome = Outcome.CHALLENGE_PASSED if passed else Outcome.CHALLENGE_FAILED
            yield Report(at_ms=now_ms, transaction=payment.transaction, outcome=outcome)
            if not passed:
                return Settled(ending=Ending.BLOCKED, at_ms=now_ms)
        case Verdict.APPROVE | Verdict.REVIEW:
            pass
    refused = payment.rng.random() < payment.truth.refused
    return Settled(ending=Ending.REFUSED if refused else Ending.PAID, at_ms=now_ms)


def _transaction(world: World, payer: Payer, trip: Trip, ride_id: str, at_ms: int) -> Transaction:
    transaction_id = world.ids.new("txn")
    return Transaction(
        transaction_id=transaction_id,
        ride_id=ride_id,
        user_id=payer.user_id,
        card_id=payer.card_id,
        device_id=payer.device_id,
        driver_id=trip.driver_id,
        amount_minor=trip.fare_minor,
        currency=SETTLEMENT_CURRENCY,
        pickup_zone=trip.pickup.zone_id,
        dropoff_zone=trip.dropoff.zone_id,
        pickup_lat=trip.lat,
        pickup_lon=trip.lon,
        distance_m=trip.distance_m,
        requested_at_ms=at_ms,
        promo_id=promotion(transaction_id, payer.promo_share),
    )


def _aftermath(payment: _Payment, settled: Settled) -> Story:
    told_ms = settled.at_ms + int(payment.rng.uniform(700, 2_600))
    if settled.ending is Ending.PAID:
        yield Report(at_ms=told_ms, transaction=payment.transaction, outcome=Outcome.CAPTURED)
        yield from _after_capture(payment, told_ms)
        return
    if settled.ending is Ending.REFUSED:
        yield Report(
            at_ms=told_ms,
            transaction=payment.transaction,
            outcome=Outcome.FAILED,
            reason_code=refusal_reason(payment.rng),
        )
    left_ms = told_ms + int(payment.rng.uniform(1_000, 9_000))
    ride_id, trip = payment.transaction.ride_id, payment.trip
    yield ride_cancelled(payment.world, payment.payer, trip, ride_id, left_ms, driver_found=True)


def _after_capture(payment: _Payment, captured_ms: int) -> Story:
    honest, rng = payment.truth.fraud is None, payment.rng
    if honest and rng.random() < HONEST_REFUNDED:
        yield from _called_off(payment, captured_ms)
        return
    if not honest or rng.random() < HONEST_DISPUTED:
        yield Spawn(_chargeback(payment, captured_ms))
    arrived_ms = captured_ms + int(rng.uniform(120, 420) * 1000) + payment.trip.duration_s * 1000
    ride_id = payment.transaction.ride_id
    yield ride_completed(payment.world, payment.payer, payment.trip, ride_id, arrived_ms)


def _chargeback(payment: _Payment, captured_ms: int) -> Story:
    yield Report(
        at_ms=captured_ms + chargeback_delay_ms(payment.rng, payment.world.time_scale),
        transaction=payment.transaction,
        outcome=Outcome.CHARGEBACK,
        reason_code=payment.truth.reason if payment.truth.fraud else DISPUTE_REASON,
    )


def _called_off(payment: _Payment, paid_ms: int) -> Story:
    rng, transaction = payment.rng, payment.transaction
    off_ms = paid_ms + int(rng.uniform(20, 240) * 1000)
    yield ride_cancelled(
        payment.world,
        payment.payer,
        payment.trip,
        transaction.ride_id,
        off_ms,
        driver_found=True,
        by_driver=rng.random() < 0.5,
    )
    refunded_ms = off_ms + int(rng.uniform(500, 3_000))
    yield Report(
        at_ms=refunded_ms,
        transaction=transaction,
        outcome=Outcome.REFUNDED,
        reason_code="ride_cancelled",
    )

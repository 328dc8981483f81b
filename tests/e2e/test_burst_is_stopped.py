"""A burst on one card is stopped by its own velocity, before the stream has told of it."""

import asyncio
import secrets
import time
from collections.abc import Iterable, Iterator

import psycopg
import pytest
from freshness import wait_fresh
from msgspec import structs
from waiting import eventually

from app.client import DecisionClient
from app.replies import Reply
from app.requests import Place, TransactionRequest
from data_generator.city import PLACES
from data_generator.identity import token
from data_generator.population import City, Rider
from deploy.embedded.history import Told
from deploy.embedded.stack import Addresses, Stack
from domain.catalogue import FEATURE_NAMES
from domain.decision import Rung, Verdict
from domain.events import from_ms
from domain.history import History, decode_history
from domain.money import SETTLEMENT_CURRENCY
from domain.online_store import VIEW_OF_KIND

BURST = 20
Burst = tuple[TransactionRequest, History, list[Reply]]


@pytest.fixture
def database(stack: Stack) -> Iterable[psycopg.Connection]:
    with psycopg.connect(stack.addresses.conninfo["faregate_console"], autocommit=True) as connection:
        yield connection


def quiet_rider(stack: Stack, database: psycopg.Connection) -> tuple[Rider, History]:
    """Somebody of the simulated past who rode a few times, never today, and never in trouble."""
    told = Told.read(stack.home)
    assert told is not None
    city = City(told.size.seed, told.size.riders)
    for index in range(told.size.riders):
        rider = city.rider(index)
        history = stored_card(database, rider.card_ids[0])
        calm = history and not history.lifetime_declines and not history.lifetime_failures
        if history and calm and history.lifetime_payments >= 3 and rider.device_id in history.device_ids:
            quiet_ms = time.time() * 1000 - history.last_seen_ms
            if quiet_ms > 48 * 3_600_000 and len(history.user_ids) == 1:
                return rider, history
    pytest.fail("the simulated past holds no quiet rider")


def stored_card(database: psycopg.Connection, card_id: str) -> History | None:
    row = database.execute(
        "select payload from online_store where view = %s and entity_id = %s", (VIEW_OF_KIND["card"], card_id)
    ).fetchone()
    return decode_history(bytes(row[0])) if row else None


def usual_payment(rider: Rider, history: History) -> TransactionRequest:
    """What this rider pays on any day: the mean amount, from a zone and with a driver known before."""
    zone = PLACES[history.zone_ids[-1]]
    home = Place(zone=zone.zone_id, lat=zone.lat, lon=zone.lon)
    return TransactionRequest(
        transaction_id=fresh("txn"),
        ride_id=fresh("ride"),
        user_id=rider.user_id,
        card_id=rider.card_ids[0],
        device_id=rider.device_id,
        driver_id=history.driver_ids[-1],
        amount_minor=history.lifetime_amount_minor // history.lifetime_payments,
        currency=SETTLEMENT_CURRENCY,
        pickup=home,
        dropoff=home,
        distance_m=5_000,
        requested_at=from_ms(time.time_ns() // 1_000_000),
    )


def fresh(prefix: str) -> str:
    return token(prefix, secrets.token_hex(8))


def again(payment: TransactionRequest) -> TransactionRequest:
    now = from_ms(time.time_ns() // 1_000_000)
    return structs.replace(payment, transaction_id=fresh("txn"), ride_id=fresh("ride"), requested_at=now)


async def decide(addresses: Addresses, payments: list[TransactionRequest]) -> list[Reply]:
    async with DecisionClient(addresses.api_url, api_key=addresses.api_key) as client:
        return [(await client.decide(payment)).reply for payment in payments]


def test_a_burst_from_one_place_is_stopped_while_it_happens(
    stack: Stack, database: psycopg.Connection
) -> None:
    """The rider's own phone, home and driver: nothing but the pace is unusual."""
    payment, before, replies = next(filter(all_by_the_full_model, bursts(stack, database)))
    first, last = replies[0], replies[-1]
    assert first.verdict is Verdict.APPROVE
    assert last.verdict.stops_payment
    assert any("payments" in reason.code for reason in last.reasons)
    seen = [velocity_seen(database, reply.decision_id) for reply in replies]
    assert seen == list(range(1, BURST + 2))

    def learned() -> bool:
        history = stored_card(database, payment.card_id)
        return history is not None and history.version >= before.version + BURST + 1

    eventually(learned, what="the stored history of the burst")
    (after,) = asyncio.run(decide(stack.addresses, [again(payment)]))
    assert velocity_seen(database, after.decision_id) == BURST + 2


def bursts(stack: Stack, database: psycopg.Connection) -> Iterator[Burst]:
    """Three, of a rider each: beside other tests an answer may come from a lower rung."""
    for _ in range(3):
        wait_fresh(stack)
        rider, before = quiet_rider(stack, database)
        payment = usual_payment(rider, before)
        burst = [payment, *(again(payment) for _ in range(BURST))]
        yield payment, before, asyncio.run(decide(stack.addresses, burst))
    pytest.fail("no burst was decided by the full model from its first payment to its last")


def all_by_the_full_model(burst: Burst) -> bool:
    return {reply.rung for reply in burst[2]} == {Rung.R0}


def velocity_seen(database: psycopg.Connection, decision_id: str) -> float:
    """The card's payments within 5 min in the vector that the ledger keeps."""
    row = database.execute("select vector from decisions where decision_id = %s", (decision_id,)).fetchone()
    assert row is not None
    return float(memoryview(bytes(row[0])).cast("f")[FEATURE_NAMES.index("card_payments_5m")])

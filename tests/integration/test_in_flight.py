"""Two API processes and payments a few milliseconds apart, while the stream tells nothing."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from api_process import environment, running, wait_until_up
from event_factories import a_history, a_payment, an_id
from factories import a_live_body
from msgspec import json
from small_model import MODEL_KEY_HEX, write_small_model

from app.access.keys import new_secret
from app.access.store import ensure_local_key
from app.assembly import now_ms
from app.client import DecisionClient
from app.requests import TransactionRequest
from deploy.embedded import ports
from domain.catalogue import FEATURE_NAMES
from domain.events import PaymentDecided, decode_event
from domain.fold import fold
from domain.history import History, encode_history
from domain.online_store import WATERMARK_ENTITY, WATERMARK_VIEW, encode_watermark

pytestmark = pytest.mark.anyio
PAIRS = 50
APART_S = 0.005
Conninfo = Callable[[str], str]
UPSERT = """
insert into online_store (view, entity_id, epoch, version, known_at, payload)
values (%s, %s, 1, %s, now(), %s)
on conflict (view, entity_id) do update set version = excluded.version, payload = excluded.payload
"""


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_model(tmp_path_factory.mktemp("models") / "small")


@asynccontextmanager
async def two_processes(
    conninfo: Conninfo, model_folder: Path, logs: Path
) -> AsyncIterator[list[DecisionClient]]:
    secret = new_secret()
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        ensure_local_key(connection, secret)
    async with AsyncExitStack() as stack:
        clients = []
        for number in range(2):
            port = str(ports.choose({}, {})["api"])
            env = environment(
                conninfo("faregate_api"),
                FAREGATE_STATE_DIR=str(logs),
                FAREGATE_API_PORT=port,
                FAREGATE_MODEL_DIR=str(model_folder),
                FAREGATE_MODEL_KEY=MODEL_KEY_HEX,
                FAREGATE_DEADLINE_MS="10000",  # tests run on busy machines
            )
            url = f"http://127.0.0.1:{port}"
            process = stack.enter_context(running(env, logs / f"api-{number}.log"))
            wait_until_up(url, process)
            assert httpx.get(f"{url}/readyz", trust_env=False).json()["status"] == "ready"
            clients.append(await stack.enter_async_context(DecisionClient(url, api_key=secret, timeout_s=20)))
        yield clients


@dataclass
class Stream:
    """What the job and the writer would do, done by hand and only when told to."""

    conninfo: Conninfo

    def put(self, view: str, entity_id: str, version: int, payload: bytes) -> None:
        with psycopg.connect(self.conninfo("faregate_writer"), autocommit=True) as connection:
            connection.execute(UPSERT, (view, entity_id, version, payload))

    def is_fresh(self) -> None:
        self.put(WATERMARK_VIEW, WATERMARK_ENTITY, 1, encode_watermark(now_ms() + 600_000))

    def tells_of_a_zone(self) -> None:
        history = a_history("zone", a_payment(at_ms=now_ms() - 60_000))
        self.put("zone_history", "zone_a", history.version, encode_history(history))

    def knows(self, card_id: str) -> History:
        """A card that paid once, long ago."""
        history = a_history("card", a_payment(card_id=card_id, at_ms=now_ms() - 40 * 86_400_000))
        self.put("card_history", card_id, history.version, encode_history(history))
        return history

    def tells(self, history: History, payment: PaymentDecided, offset: int) -> None:
        told = fold("card", history, payment, now_ms(), (1000, offset))
        self.put("card_history", payment.card_id, told.version, encode_history(told))


def a_live_payment(card_id: str) -> TransactionRequest:
    """By a rider and on a device of its own, so that only the card tells that it is not the first."""
    body = a_live_body(
        transaction_id=an_id("txn"), card_id=card_id, user_id=an_id("usr"), device_id=an_id("dev")
    )
    return json.decode(body, type=TransactionRequest)


def features_by_transaction(conninfo: Conninfo) -> dict[str, dict[str, float]]:
    with psycopg.connect(conninfo("faregate_console")) as connection:
        rows = connection.execute("select transaction_id, vector from decisions").fetchall()
    return {name: dict(zip(FEATURE_NAMES, array("f", vector), strict=True)) for name, vector in rows}


def decided_by_transaction(conninfo: Conninfo) -> dict[str, PaymentDecided]:
    with psycopg.connect(conninfo("faregate_console")) as connection:
        rows = connection.execute("select payload from outbox").fetchall()
    events = [decode_event(payload, now_ms()) for (payload,) in rows]
    return {event.id: event for event in events if isinstance(event, PaymentDecided)}


def overlaid_by_transaction(conninfo: Conninfo) -> dict[str, list[str]]:
    with psycopg.connect(conninfo("faregate_console")) as connection:
        rows: list[tuple[str, list[Any]]] = connection.execute(
            "select transaction_id, overlaid from decisions"
        ).fetchall()
    return {name: [other for other, _verdict, _at_ms in overlaid] for name, overlaid in rows}


def pulses_named_and_kept(conninfo: Conninfo) -> tuple[list[str], list[str]]:
    with psycopg.connect(conninfo("faregate_console")) as connection:
        named = connection.execute("select distinct pulse_id from decisions order by 1").fetchall()
        kept = connection.execute("select pulse_id from pulses order by 1").fetchall()
    return [pulse for (pulse,) in named], [pulse for (pulse,) in kept]


async def test_the_second_of_two_payments_counts_the_first_and_nothing_counts_twice(
    conninfo: Conninfo, model_folder: Path, tmp_path: Path
) -> None:
    stream = Stream(conninfo)
    stream.is_fresh()
    stream.tells_of_a_zone()
    cards = [an_id("card") for _ in range(PAIRS)]
    known = {card_id: stream.knows(card_id) for card_id in cards}
    pairs = {card_id: (a_live_payment(card_id), a_live_payment(card_id)) for card_id in cards}
    thirds = {card_id: a_live_payment(card_id) for card_id in cards}

    async with two_processes(conninfo, model_folder, tmp_path) as apis:
        for number, (first, second) in enumerate(pairs.values()):
            here, there = apis[number % 2], apis[1 - number % 2]
            earlier = asyncio.create_task(here.decide(first))
            await asyncio.sleep(APART_S)
            await asyncio.gather(earlier, there.decide(second))
        events = decided_by_transaction(conninfo)
        for offset, (card_id, (first, _)) in enumerate(pairs.items()):
            stream.tells(known[card_id], events[first.transaction_id], offset)
        for number, third in enumerate(thirds.values()):
            await apis[number % 2].decide(third)

    features, overlaid = features_by_transaction(conninfo), overlaid_by_transaction(conninfo)
    in_order = 0
    for card_id, (first, second) in pairs.items():
        one, two = first.transaction_id, second.transaction_id
        counts = [features[name]["card_payments_5m"] for name in (one, two)]
        # Whichever of the two the processes took first: the other one saw it.
        assert sorted(counts) == [1, 2], card_id
        assert [overlaid[one], overlaid[two]] in ([[], [one]], [[two], []])
        in_order += counts == [1, 2]
        third = features[thirds[card_id].transaction_id]
        assert (third["card_payments_5m"], third["card_users_30d"]) == (3, 3)
    assert in_order > PAIRS / 2
    named, kept = pulses_named_and_kept(conninfo)  # two processes that felt the same zones
    assert named == kept
    assert len(kept) == 1


async def test_payments_at_the_same_instant_see_one_another_one_way(
    conninfo: Conninfo, model_folder: Path, tmp_path: Path
) -> None:
    stream, card_id = Stream(conninfo), an_id("card")
    stream.is_fresh()
    stream.knows(card_id)
    payments = [a_live_payment(card_id) for _ in range(40)]
    async with two_processes(conninfo, model_folder, tmp_path) as apis:
        await asyncio.gather(*(apis[n % 2].decide(payment) for n, payment in enumerate(payments)))
    counts = sorted(known["card_payments_5m"] for known in features_by_transaction(conninfo).values())
    assert counts == list(range(1, 41))

"""Decisions over HTTP in an open loop: payments come when they are due, however slow the answers are."""

import asyncio
import random
import secrets
import time
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from math import ceil

from app.client import DecisionClient
from app.requests import Place, TransactionRequest
from data_generator.identity import token
from data_generator.population import City, Rider
from deploy.bench.benchmark import Result, Target, Tell
from deploy.embedded.errors import StackError
from deploy.embedded.history import Told
from domain.errors import FaregateError
from domain.money import SETTLEMENT_CURRENCY

SUMMARY = "decisions a second and their times (ms, from when a payment was due) at a given rate"


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, default=100.0, help="payments a second (100)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to measure (20)")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds before that, not counted (3)")
    parser.add_argument("--seed", type=int, default=1, help="who pays (1)")


def run(target: Target, chosen: Namespace, tell: Tell) -> Result:
    told = Told.read(target.home)
    if told is None:
        raise StackError(f"The stack on {target.home.root} has no simulated riders to pay with.")
    city = City(told.size.seed, told.size.riders)
    load = Load(target.urls["api"], city, chosen.rate, chosen.seed)
    tell(f"{chosen.rate:.0f} payments a second, counted for {chosen.seconds:.0f} s after a warm-up")
    asyncio.run(load.run(chosen.warm_up))
    load.forget()
    began = time.perf_counter()
    asyncio.run(load.run(chosen.seconds))
    return load.result(time.perf_counter() - began) | {"asked_rate": chosen.rate}


class Load:
    def __init__(self, url: str, city: City, rate: float, seed: int) -> None:
        self._url = url
        self._city = city
        self._rate = rate
        self._random = random.Random(seed)
        self.forget()

    def forget(self) -> None:
        self._milliseconds: list[float] = []
        self._rungs: list[str] = []
        self._failed = 0

    async def run(self, seconds: float) -> None:
        began = time.perf_counter()
        async with DecisionClient(self._url) as client, asyncio.TaskGroup() as tasks:
            for number in range(int(seconds * self._rate)):
                due = began + number / self._rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                tasks.create_task(self._pay(client, due))

    async def _pay(self, client: DecisionClient, due: float) -> None:
        rider = self._city.rider(self._random.randrange(self._city.riders))
        try:
            reply = await client.decide(payment(rider, self._random.randrange(500, 5_000)))
        except FaregateError:
            self._failed += 1
            return
        self._milliseconds.append((time.perf_counter() - due) * 1000)
        self._rungs.append(reply.rung)

    def result(self, seconds: float) -> Result:
        ordered = sorted(self._milliseconds)
        return {
            "decisions": len(ordered),
            "decisions_per_s": round(len(ordered) / seconds, 1),
            "p50_ms": _percentile(ordered, 0.50),
            "p99_ms": _percentile(ordered, 0.99),
            "max_ms": _percentile(ordered, 1.0),
            "r0_share": round(self._rungs.count("R0") / len(ordered), 4) if ordered else 0.0,
            "failed": self._failed,
        }


def _percentile(ordered: list[float], share: float) -> float | None:
    return round(ordered[ceil(share * len(ordered)) - 1], 2) if ordered else None


def payment(rider: Rider, amount_minor: int) -> TransactionRequest:
    """An everyday ride of this rider, from home and back."""
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

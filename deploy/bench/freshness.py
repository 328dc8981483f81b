"""How long an event takes until the API's own reader finds it in a history, with and without a checkpoint."""

import asyncio
import random
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from dataclasses import dataclass, field

from app import postgres
from app.client import DecisionClient
from app.feature_reader import SERVER_OPTIONS, PostgresFeatureReader
from app.ports import StoredFeatures
from deploy.bench.benchmark import Result, Target, Tell
from deploy.bench.city.payments import a_payment, a_stranger, as_asked
from deploy.bench.city.traffic import flowing
from deploy.bench.figures.percentile import percentile
from deploy.bench.stack.hop_and_upsert import measured
from deploy.embedded import passwords
from deploy.embedded.errors import StackError
from deploy.embedded.flink_rest import Checkpoint, FlinkRest, FlinkUnavailable
from domain.errors import FaregateError
from domain.events import PaymentDecided, RideRequested, encode_event
from domain.topics import MURMUR2, RIDES

SUMMARY = "time (ms) from an event to its history, as the API's own reader finds it, at a given rate"
LOOK_EVERY_S = 0.001
LOST_AFTER_S = 10.0
PAYMENTS_PER_S = 5.0


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, default=300.0, help="events a second beside the samples (300)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure (60)")
    parser.add_argument("--warm-up", type=float, default=10.0, help="seconds before that, not counted (10)")


def run(target: Target, chosen: Namespace, tell: Tell) -> Result:
    broker = target.urls["kafka"]
    tell(f"{chosen.rate:.0f} events a second, measured for {chosen.seconds:.0f} s after a warm-up")
    with flowing(broker, chosen.rate, chosen.warm_up + chosen.seconds + 10) as traffic:
        time.sleep(chosen.warm_up)
        with measured(broker, target.conninfo["faregate_writer"], target.conninfo[passwords.OWNER]) as floor:
            samples = asyncio.run(_sample(target, chosen.seconds))
    return samples.result() | {
        "floor_p50_ms": percentile(floor.milliseconds, 0.50),
        "floor_p99_ms": percentile(floor.milliseconds, 0.99),
        "events": traffic.sent,
        "rate": chosen.rate,
    }


@dataclass(frozen=True)
class Journey:
    """Times of the clock, in seconds."""

    began: float
    ended: float

    @property
    def milliseconds(self) -> float:
        return (self.ended - self.began) * 1_000

    def meets(self, checkpoint: Checkpoint) -> bool:
        return self.began * 1_000 <= checkpoint.ended_ms and checkpoint.began_ms <= self.ended * 1_000


@dataclass
class Samples:
    events: list[Journey] = field(default_factory=list)
    payments: list[Journey] = field(default_factory=list)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    lost: int = 0

    def result(self) -> Result:
        quiet, disturbed = split(self.events, self.checkpoints.values())
        return {
            "quiet_p50_ms": percentile(quiet, 0.50),
            "quiet_p99_ms": percentile(quiet, 0.99),
            "checkpoint_p50_ms": percentile(disturbed, 0.50),
            "checkpoint_p99_ms": percentile(disturbed, 0.99),
            "checkpoints": len(self.checkpoints),
            "payment_reply_to_readable_p50_ms": percentile([j.milliseconds for j in self.payments], 0.50),
            "payment_reply_to_readable_p99_ms": percentile([j.milliseconds for j in self.payments], 0.99),
            "quiet_samples": len(quiet),
            "checkpoint_samples": len(disturbed),
            "payment_samples": len(self.payments),
            "lost": self.lost,
        }


def split(journeys: Iterable[Journey], checkpoints: Iterable[Checkpoint]) -> tuple[list[float], list[float]]:
    """Milliseconds of the journeys that met no checkpoint, and of those that met one."""
    known = list(checkpoints)
    quiet: list[float] = []
    disturbed: list[float] = []
    for journey in journeys:
        met = any(journey.meets(checkpoint) for checkpoint in known)
        (disturbed if met else quiet).append(journey.milliseconds)
    return quiet, disturbed


async def _sample(target: Target, seconds: float) -> Samples:
    samples = Samples()
    conninfo = target.conninfo["faregate_api"]
    async with (
        postgres.pool(
            "freshness", conninfo=conninfo, patience_s=5.0, server_options=SERVER_OPTIONS
        ) as connections,
        DecisionClient(target.urls["api"], api_key=target.api_key or None) as client,
        asyncio.timeout(seconds + 3 * LOST_AFTER_S),
        asyncio.TaskGroup() as tasks,
    ):
        sampler = Sampler(PostgresFeatureReader(connections), samples, time.time() + seconds)
        tasks.create_task(sampler.send_events(target.urls["kafka"]))
        tasks.create_task(sampler.pay(client))
        tasks.create_task(sampler.watch_checkpoints(FlinkRest(url=target.urls["flink"])))
    return samples


class Sampler:
    def __init__(self, reader: PostgresFeatureReader, samples: Samples, until: float) -> None:
        self._reader = reader
        self._samples = samples
        self._until = until

    async def send_events(self, bootstrap: str) -> None:
        """One event after the other, each looked for until it is there."""
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": bootstrap, "partitioner": MURMUR2, "linger.ms": 0})
        while time.time() < self._until:
            payment = a_payment(a_stranger(), name="")
            request = _request_before(payment)
            began = time.time()
            producer.produce(RIDES.name, encode_event(request), payment.user_id)
            producer.poll(0)
            await self._find(payment, began, "ride_ids", payment.ride_id, self._samples.events)
            await asyncio.sleep(random.uniform(0.005, 0.030))  # in no step with anything
        producer.flush(5)

    async def pay(self, client: DecisionClient) -> None:
        while time.time() < self._until:
            due = time.time() + 1 / PAYMENTS_PER_S
            payment = a_payment(a_stranger(), name="")
            try:
                await client.decide(as_asked(payment))
            except FaregateError:
                self._samples.lost += 1
                continue
            began = time.time()
            await self._find(payment, began, "recent_ids", payment.transaction_id, self._samples.payments)
            await asyncio.sleep(max(0.0, due - time.time()))

    async def _find(
        self, payment: PaymentDecided, began: float, column: str, wanted: str, found: list[Journey]
    ) -> None:
        """Until `wanted` is in the rider's `column`; each look is a payment that is taken back at once."""
        while time.time() < began + LOST_AFTER_S:
            seen: StoredFeatures = await self._reader.look(payment)
            if seen.user is not None and wanted in getattr(seen.user, column):
                found.append(Journey(began, time.time()))
                return
            await asyncio.sleep(LOOK_EVERY_S)
        self._samples.lost += 1

    async def watch_checkpoints(self, rest: FlinkRest) -> None:
        """Until a little after the last sample, whose checkpoint must have ended."""
        job = await asyncio.to_thread(_job_of, rest)
        began_ms = time.time() * 1_000
        while time.time() < self._until + 2.0:
            try:
                found = await asyncio.to_thread(rest.checkpoints, job)
            except FlinkUnavailable:
                found = {}
            self._samples.checkpoints |= {n: c for n, c in found.items() if c.ended_ms >= began_ms}
            await asyncio.sleep(1.0)


def _job_of(rest: FlinkRest) -> str:
    running = [job for job, state in rest.jobs().items() if state == "RUNNING"]
    if len(running) != 1:
        raise StackError(f"{len(running)} jobs run, not the one to measure.")
    return running[0]


def _request_before(payment: PaymentDecided) -> RideRequested:
    return RideRequested(
        id=f"evt_{payment.ride_id}",
        event_time=payment.event_time,
        producer="bench",
        ride_id=payment.ride_id,
        user_id=payment.user_id,
        device_id=payment.device_id,
        pickup_zone=payment.pickup_zone,
        dropoff_zone=payment.dropoff_zone,
        pickup_lat=payment.pickup_lat,
        pickup_lon=payment.pickup_lon,
        distance_m=payment.distance_m,
        estimate_minor=payment.amount_minor,
    )

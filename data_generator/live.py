"""The city as it happens: an open loop, in which a slow or silent API never holds back the next payment."""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from msgspec import structs

from data_generator.acts import Answer, Pay, Publish, Report, Story, Wait
from data_generator.agenda import Agenda
from data_generator.history import RUN as HISTORY_RUN
from data_generator.identity import IdStream
from data_generator.mix import LEAD_MS
from data_generator.openings import Opening, belongings_after, history_openings, live_openings
from data_generator.pace import Pace
from data_generator.population import City
from data_generator.ports import EventSink, PaymentGateway
from data_generator.truth import PaymentTruth, TruthRecord
from data_generator.world import World, present_world
from domain.display import DAY_MS
from domain.errors import FaregateError, Retryable
from domain.events import from_ms

log = logging.getLogger(__name__)
IN_FLIGHT = 100  # as many connections as the client keeps
HEAD_START_MS, HEAD_START_A_STORY_MS = 250, 6  # to open the stories that lead up to the first payments
Answered = TypeVar("Answered")


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """The history that went before, so that the same people ride on with what they have now."""

    seed: int
    riders: int
    payments: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where the stack listens and the key it is called with, and the folder that the truth is written to."""

    api_url: str
    kafka: str
    records: Path
    api_key: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How often and after which pauses an unanswered call is made again; the pause doubles each time."""

    attempts: int = 8
    first_s: float = 0.1
    longest_s: float = 2.0

    def pauses(self) -> Iterator[float]:
        for retry in range(self.attempts - 1):
            yield min(self.longest_s, self.first_s * 2**retry)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def run_live(
    *,
    rate: float,
    seed: int,
    duration: float | None,
    client: PaymentGateway,
    producer: EventSink,
    record: TruthRecord,
    past: Past,
    time_scale: float = 1.0,
    patience: Patience = Patience(),
    stop: asyncio.Event | None = None,
    clock: Callable[[], int] = now_ms,
) -> Pace:
    """About `rate` payments a second for `duration` seconds, or until `stop` is set; then waits for answers.

    The same seed and past give the same riders, stories and amounts, as far as verdicts and the hour allow.
    """
    city = City(past.seed, past.riders)
    run = record.path.stem
    past_stories = history_openings(city, past.payments, 0, 30 * DAY_MS)
    belongings = belongings_after(past_stories, past.seed, HISTORY_RUN, run)
    world = present_world(city, belongings, IdStream(seed, run), time_scale)
    start_ms = clock() + int(HEAD_START_MS + rate * HEAD_START_A_STORY_MS)
    live = _Live(
        world=world,
        openings=live_openings(city, seed, rate, start_ms),
        client=client,
        producer=producer,
        record=record,
        pace=Pace(asked=rate, start_ms=start_ms),
        end_ms=None if duration is None else start_ms + int(duration * 1000),
        patience=patience,
        stop=stop or asyncio.Event(),
        clock=clock,
    )
    return await live.run()


def main(
    *,
    rate: float,
    seed: int,
    duration: float | None,
    time_scale: float,
    past: Past,
    addresses: Addresses,
    run_id: str | None = None,
) -> Pace:
    """Simulate riders against a running stack until `duration` (seconds) or SIGTERM or SIGINT ends it.

    The truth goes to `records`/`run_id`.jsonl; without an id, one is made of the seed and the time.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request
    path = addresses.records / f"{run_id or f'seed{seed}-{now_ms()}'}.jsonl"

    async def run() -> Pace:
        from app.client import DecisionClient
        from data_generator.api_gateway import ApiGateway
        from data_generator.event_sink import KafkaEventSink
        from data_generator.keep_alive import KeepAliveTransport

        stop = asyncio.Event()
        for ending in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(ending, stop.set)
        transport = KeepAliveTransport() if addresses.api_url.startswith("http://") else None
        async with DecisionClient(
            addresses.api_url, api_key=addresses.api_key, transport=transport
        ) as client:
            with TruthRecord(path) as record:
                return await run_live(
                    rate=rate,
                    seed=seed,
                    duration=duration,
                    client=ApiGateway(client),
                    producer=KafkaEventSink(addresses.kafka),
                    record=record,
                    past=past,
                    time_scale=time_scale,
                    stop=stop,
                )

    return asyncio.run(run())


class _Live:
    def __init__(
        self,
        *,
        world: World,
        openings: Iterator[Opening],
        client: PaymentGateway,
        producer: EventSink,
        record: TruthRecord,
        pace: Pace,
        end_ms: int | None,
        patience: Patience,
        stop: asyncio.Event,
        clock: Callable[[], int],
    ) -> None:
        self._world = world
        self._openings = openings
        self._next_opening = next(openings)
        self._client = client
        self._producer = producer
        self._record = record
        self._pace = pace
        self._end_ms = end_ms
        self._patience = patience
        self._stop = stop
        self._now_ms = clock
        self._agenda = Agenda()
        self._wake = asyncio.Event()
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)

    async def run(self) -> Pace:
        async with asyncio.TaskGroup() as tasks:
            while not self._over():
                self._open_stories()
                taken = self._agenda.take(self._now_ms())
                if taken is None:
                    await self._until_next()
                else:
                    self._perform(tasks, *taken)
                    await asyncio.sleep(0)
                self._pace.log_now_and_then(self._now_ms())
            self._pace.end(self._now_ms())
        self._producer.close()
        log.info("%s", self._pace)
        return self._pace

    def _over(self) -> bool:
        return self._stop.is_set() or (self._end_ms is not None and self._now_ms() >= self._end_ms)

    def _open_stories(self) -> None:
        horizon_ms = self._now_ms() + LEAD_MS
        while self._next_opening.pay_at_ms <= horizon_ms:
            self._agenda.resume(self._next_opening.story(self._world))
            self._next_opening = next(self._openings)

    async def _until_next(self) -> None:
        next_ms = min(self._next_opening.pay_at_ms - LEAD_MS, self._agenda.next_ms or self._now_ms() + 1000)
        if self._end_ms is not None:
            next_ms = min(next_ms, self._end_ms)
        delay_s = min(0.25, max(0.0, (next_ms - self._now_ms()) / 1000))
        timer = asyncio.get_running_loop().call_later(delay_s, self._wake.set)
        await self._wake.wait()
        timer.cancel()
        self._wake.clear()

    def _perform(self, tasks: asyncio.TaskGroup, story: Story, act: Wait | Publish | Pay | Report) -> None:
        match act:
            case Pay():
                self._pace.sent(late_ms=self._now_ms() - act.at_ms)
                tasks.create_task(self._pay(story, act))
                return
            case Publish():
                self._producer.publish(structs.replace(act.event, event_time=from_ms(self._now_ms())))
                self._pace.published += 1
            case Report():
                tasks.create_task(self._report(act))
            case Wait():
                pass
        self._agenda.resume(story)

    async def _pay(self, story: Story, act: Pay) -> None:
        async with self._in_flight:
            sent_at_ms = self._now_ms()
            transaction = structs.replace(act.transaction, requested_at_ms=sent_at_ms)
            verdict, error = await self._insist(lambda: self._client.decide(transaction))
            took_ms = self._now_ms() - sent_at_ms
        self._pace.answered(verdict)
        self._record.write(
            PaymentTruth(
                transaction_id=transaction.transaction_id,
                sent_at_ms=sent_at_ms,
                fraud=act.fraud,
                amount_minor=transaction.amount_minor,
                verdict=verdict,
                took_ms=took_ms,
                error=error,
            )
        )
        self._agenda.resume(story, Answer(at_ms=self._now_ms(), verdict=verdict))
        self._wake.set()

    async def _report(self, act: Report) -> None:
        told = self._client.report
        async with self._in_flight:
            _, error = await self._insist(
                lambda: told(act.transaction.transaction_id, act.outcome, act.reason_code, act.at_ms)
            )
        self._pace.reported(failed=error is not None)

    async def _insist(self, call: Callable[[], Awaitable[Answered]]) -> tuple[Answered | None, str | None]:
        """The answer, or what stood against it after the last attempt."""
        pauses = self._patience.pauses()
        while True:
            try:
                return await call(), None
            except Retryable as problem:
                pause_s = next(pauses, None)
                if pause_s is None:
                    log.warning("given up: %s", problem)
                    return None, str(problem)
            except FaregateError as refusal:
                log.warning("refused: %s", refusal)
                return None, str(refusal)
            await asyncio.sleep(pause_s)

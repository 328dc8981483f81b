"""The city as it happens: an open loop, in which a slow or silent API never holds back the next payment."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from msgspec import structs

from data_generator.acts import Answer, Pay, Publish, Report, Story, Wait
from data_generator.agenda import Agenda
from data_generator.analysts import Case, Shift
from data_generator.history import RUN as HISTORY_RUN
from data_generator.identity import IdStream
from data_generator.mix import LEAD_MS
from data_generator.openings import Opening, belongings_after, history_openings, live_openings
from data_generator.pace import Pace
from data_generator.patience import USUAL, Patience
from data_generator.population import City
from data_generator.ports import Decision, EventSink, PaymentGateway
from data_generator.scenarios.programme import EVERYDAY, Programme
from data_generator.truth import PaymentTruth, TruthRecord
from data_generator.world import World, present_world
from domain.decision import Verdict
from domain.display import DAY_MS
from domain.events import from_ms

log = logging.getLogger(__name__)
IN_FLIGHT = 100  # as many connections as the client keeps
HEAD_START_MS, HEAD_START_A_STORY_MS = 250, 6  # to open the stories that lead up to the first payments


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """The history that went before, so that the same people ride on with what they have now."""

    seed: int
    riders: int
    payments: int


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
    patience: Patience = USUAL,
    stop: asyncio.Event | None = None,
    clock: Callable[[], int] = now_ms,
    programme: Programme = EVERYDAY,
    shift: Shift | None = None,
) -> Pace:
    """About `rate` payments a second for `duration` seconds, or until `stop` is set; then waits for answers.

    What `programme` shows comes on top of the rate; `shift` works what is under review until the end.
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
        openings=live_openings(city, seed, rate, start_ms, programme),
        client=client,
        producer=producer,
        record=record,
        pace=Pace(asked=rate, start_ms=start_ms),
        end_ms=None if duration is None else start_ms + int(duration * 1000),
        patience=patience,
        stop=stop or asyncio.Event(),
        clock=clock,
        shift=shift or Shift(),
    )
    return await live.run()


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
        shift: Shift,
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
        self._shift = shift
        self._agenda = Agenda()
        self._wake = asyncio.Event()
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)

    async def run(self) -> Pace:
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(self._shift.work())
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
            work.cancel()
        self._producer.close()
        log.info("%s", self._pace)
        log.info("%s", self._shift)
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
            decision, error = await self._patience.insist(lambda: self._client.decide(transaction))
            took_ms = self._now_ms() - sent_at_ms
        verdict = decision.verdict if decision else None
        self._pace.answered(verdict)
        if decision and verdict is Verdict.REVIEW:
            self._review(act, decision)
        self._record.write(
            PaymentTruth(
                transaction_id=transaction.transaction_id,
                sent_at_ms=sent_at_ms,
                fraud=act.fraud,
                amount_minor=transaction.amount_minor,
                verdict=verdict,
                took_ms=took_ms,
                error=error,
                scenario=act.scenario,
            )
        )
        self._agenda.resume(story, Answer(at_ms=self._now_ms(), verdict=verdict))
        self._wake.set()

    def _review(self, act: Pay, decision: Decision) -> None:
        case = Case(
            transaction_id=act.transaction.transaction_id,
            decision_id=decision.decision_id,
            probability=decision.probability or 0.0,
            decided_ms=self._now_ms(),
            fraud=act.fraud is not None,
        )
        self._shift.desk.put(case)

    async def _report(self, act: Report) -> None:
        told = self._client.report
        async with self._in_flight:
            _, error = await self._patience.insist(
                lambda: told(act.transaction.transaction_id, act.outcome, act.reason_code, act.at_ms)
            )
        self._pace.reported(failed=error is not None)

"""Analysts who work the decisions under review: so many a minute, some of them wrongly.

What exceeds their capacity waits for a while and is then never labelled.
"""

import asyncio
import logging
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import log as ln
from random import Random

from data_generator.patience import USUAL, Patience
from data_generator.ports import LabelGateway
from domain.display import MINUTE_MS
from domain.errors import FaregateError

log = logging.getLogger(__name__)
MOST_WAITING = 500
HANDLING_MINUTES, HANDLING_SIGMA = 6.0, 0.6  # median of a lognormal: the rider is called, the driver asked
HANDLING_S = (0.5, 120.0)  # of real time, whatever the time scale
MOST_ANALYSTS = 20


class StaffRefused(FaregateError):
    """Analysts who cannot work as asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    """How many analysts, how many cases each takes a minute, and which share of their words is wrong.

    Raises StaffRefused.
    """

    analysts: int = 2
    a_minute: float = 3.0
    error: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.analysts <= MOST_ANALYSTS:
            raise StaffRefused(f"{self.analysts} analysts cannot work: give 0 to {MOST_ANALYSTS}.")
        if not self.a_minute > 0.0:
            raise StaffRefused("An analyst's capacity must be above 0 cases a minute; for none, 0 analysts.")
        if not 0.0 <= self.error <= 1.0:
            raise StaffRefused(f"An error rate of {self.error:g} is none: give a share from 0 to 1.")


USUAL_STAFF = Staff()


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A decision under review; `fraud` is the truth, which the analyst finds out, or not."""

    transaction_id: str
    decision_id: str
    probability: float
    decided_ms: int
    fraud: bool


class Desk:
    """The cases that wait: the newest minute first, in it the riskiest first. The oldest fall off."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting: list[tuple[int, float, int, Case]] = []
        self._number = count()
        self._came = asyncio.Event()
        self.put_in = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, case: Case) -> None:
        self.put_in += 1
        rank = (case.decided_ms // MINUTE_MS, case.probability, next(self._number), case)
        insort(self._waiting, rank)
        del self._waiting[: -self._most]
        self._came.set()

    async def take(self) -> Case:
        while not self._waiting:
            self._came.clear()
            await self._came.wait()
        return self._waiting.pop()[-1]


class Analyst:
    """Takes a case when the last one was long enough ago, and answers a handling time later."""

    def __init__(
        self,
        number: int,
        gateway: LabelGateway,
        staff: Staff,
        *,
        seed: int,
        time_scale: float,
        patience: Patience = USUAL,
    ) -> None:
        self._name = f"{seed}/analyst/{number}"
        self._gateway = gateway
        self._staff = staff
        self._time_scale = time_scale
        self._patience = patience
        self.labelled = self.wrong = self.not_taken = 0

    async def work(self, desk: Desk) -> None:
        """Until cancelled; what is not answered by then stays without a label."""
        async with asyncio.TaskGroup() as answers:
            while True:
                answers.create_task(self._answer(await desk.take()))
                await asyncio.sleep(60.0 / self._staff.a_minute)

    async def _answer(self, case: Case) -> None:
        rng = Random(f"{self._name}/{case.transaction_id}")
        await asyncio.sleep(handling_s(rng, self._time_scale))
        wrong = rng.random() < self._staff.error
        _, error = await self._patience.insist(
            lambda: self._gateway.label(case.decision_id, fraud=case.fraud != wrong)
        )
        self.labelled += error is None
        self.wrong += error is None and wrong
        self.not_taken += error is not None


class Shift:
    """The analysts of one run at one desk."""

    def __init__(self, analysts: Sequence[Analyst] = ()) -> None:
        self.desk = Desk()
        self.analysts = analysts

    async def work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for analyst in self.analysts:
                tasks.create_task(analyst.work(self.desk))

    def __str__(self) -> str:
        labelled, wrong, not_taken = (
            sum(getattr(analyst, name) for analyst in self.analysts)
            for name in ("labelled", "wrong", "not_taken")
        )
        return (
            f"{len(self.analysts)} analysts labelled {labelled} of {self.desk.put_in} reviews, "
            f"{wrong} of them wrongly; {not_taken} labels not taken"
        )


def handling_s(rng: Random, time_scale: float) -> float:
    """Seconds from taking a case to the word on it."""
    shortest, longest = HANDLING_S
    minutes = rng.lognormvariate(ln(HANDLING_MINUTES), HANDLING_SIGMA)
    return min(longest, max(shortest, minutes * 60 / time_scale))

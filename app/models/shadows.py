"""What the models that did not decide say of a payment: asked after its reply, recorded in batches."""

import asyncio
import logging
from array import array
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.judging import thresholds_of
from app.models.in_service import InService
from app.queries import queries_of
from app.scoring import Scoring
from domain.errors import ModelRefused
from domain.policy import Policy

MOST_WAITING = 2_000  # payments; beyond that the oldest are given up
BATCH, EVERY_S = 200, 0.5
SCORE_S = 1.0
query = queries_of(__file__)
log = logging.getLogger("faregate.shadows")


class Decided(Struct, frozen=True, kw_only=True):
    """A payment that was answered; `version` decided it."""

    decision_id: str
    version: str
    values: "array[float]"


class Shadows:
    """`on_lost` is told how many scores will never be recorded; `policy` is the one in force."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        in_service: Callable[[], InService],
        on_lost: Callable[[int], None] = lambda _: None,
        policy: Callable[[], Policy | None] = lambda: None,
    ) -> None:
        self._pool = pool
        self._in_service = in_service
        self._on_lost = on_lost
        self._policy = policy
        self._waiting: deque[Decided] = deque()
        self._come = asyncio.Event()
        self._scores: list[tuple[str, str, float, str]] = []

    def offer(self, decided: Decided) -> None:
        """Costs the reply nothing; without other models it is forgotten at once."""
        if all(model.version == decided.version for model in self._in_service().all()):
            return
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self._on_lost(1)
        self._waiting.append(decided)
        self._come.set()

    async def serve(self) -> None:
        """Score and record until cancelled."""
        while True:
            await self._come.wait()
            await asyncio.sleep(EVERY_S)  # payments gather meanwhile: one statement serves them all
            self._come.clear()
            await self.drain()

    async def drain(self) -> None:
        while self._waiting:
            while self._waiting and len(self._scores) < BATCH:
                await self._score(self._waiting.popleft())
            await self._record()

    async def _score(self, decided: Decided) -> None:
        for model in self._in_service().all():
            if model.version != decided.version:
                await self._ask(model, decided)

    async def _ask(self, model: Scoring, decided: Decided) -> None:
        try:
            probability = await model.probability(decided.values, SCORE_S)
        except (ModelRefused, TimeoutError) as error:
            log.warning("%s says nothing of %s: %s", model.version, decided.decision_id, error)
            self._on_lost(1)
            return
        verdict = thresholds_of(model, self._policy()).verdict(probability)  # like those it is compared with
        self._scores.append((decided.decision_id, model.version, probability, str(verdict)))

    async def _record(self) -> None:
        scores, self._scores = self._scores, []
        if not scores:
            return
        try:
            async with self._pool.connection() as connection:
                await connection.execute(query("record_shadow_scores"), _columns(scores))
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("%d shadow scores are lost: %s", len(scores), error)
            self._on_lost(len(scores))


def _columns(scores: list[tuple[str, str, float, str]]) -> Mapping[str, list[Any]]:
    names = ("decisions", "models", "probabilities", "verdicts")
    return dict(zip(names, map(list, zip(*scores, strict=True)), strict=True))

"""Scores in the test's own process, for tests of what stands around a score."""

import asyncio
from array import array
from collections.abc import Callable

from fakes import HangingModel

from app.ports import Model
from app.scoring import Scored, score


class FakeScoring:
    """`hangs` tells of which vectors the model says nothing in time."""

    def __init__(self, model: Model, hangs: "Callable[[array[float]], bool] | None" = None) -> None:
        self.version, self.kind, self.thresholds = model.version, model.kind, model.thresholds
        self._model = model
        self._hangs = hangs or (lambda _: isinstance(model, HangingModel))

    async def score(self, values: "array[float]", limit_s: float) -> Scored:
        await self._in_time(values, limit_s)
        return score(self._model, values)

    async def probability(self, values: "array[float]", limit_s: float) -> float:
        await self._in_time(values, limit_s)
        return float(self._model.score(values))

    async def _in_time(self, values: "array[float]", limit_s: float) -> None:
        if limit_s <= 0:
            raise TimeoutError
        if self._hangs(values):
            await asyncio.sleep(limit_s)
            raise TimeoutError

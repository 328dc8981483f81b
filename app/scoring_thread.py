"""Scores beside the event loop, so that a model that hangs costs a rung and never the deadline."""

import asyncio
from array import array
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from app.ports import Model
from app.time_limit import within

THREADS = 2  # while one hangs the other still scores


class Scored(Struct, frozen=True, kw_only=True):
    """What a model says of a vector; contributions in log odds, a feature each and the base last."""

    probability: float
    contributions: list[float]


def score(model: Model, values: "array[float]") -> Scored:
    """Raises ModelRefused."""
    return Scored(probability=float(model.score(values)), contributions=model.contributions(values))


class ScoringThread:
    def __init__(self, model: Model) -> None:
        self.model = model
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="score")

    async def score(self, values: "array[float]", limit_s: float) -> Scored:
        """Raises ModelRefused, or TimeoutError after `limit_s` seconds."""
        loop = asyncio.get_running_loop()
        return await within(limit_s, loop.run_in_executor(self._threads, score, self.model, values))

    def close(self) -> None:
        """Does not wait for a model that hangs."""
        self._threads.shutdown(wait=False, cancel_futures=True)

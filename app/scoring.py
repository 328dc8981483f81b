"""Scores in a process of its own, so that a model that hangs costs a rung and never the deadline."""

import asyncio
import logging
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

from msgspec import Struct, convert

from app.ports import Model, Thresholds
from app.scorer_child import GENTLY, ScorerChild
from app.scorer_messages import Hello
from domain.errors import ModelRefused
from domain.thresholds import Thresholds as KnownThresholds

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
STEADY_S = 10.0  # who lived so long is started again without a longer pause
log = logging.getLogger("faregate.scoring")


class Scored(Struct, frozen=True, kw_only=True):
    """What a model says of a vector; contributions in log odds, a feature each and the base last."""

    probability: float
    contributions: list[float]


class ModelInUse(Protocol):
    """What a verdict needs to know of the model that scored."""

    @property
    def version(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def thresholds(self) -> Thresholds: ...


class Scoring(ModelInUse, Protocol):
    async def score(self, values: "array[float]", limit_s: float) -> Scored:
        """Raises ModelRefused, or TimeoutError after `limit_s` seconds."""
        ...

    async def probability(self, values: "array[float]", limit_s: float) -> float:
        """The score alone, without the work of explaining it; raises as `score` does."""
        ...


def score(model: Model, values: "array[float]") -> Scored:
    """Here and now; raises ModelRefused."""
    return Scored(probability=float(model.score(values)), contributions=model.contributions(values))


class ScoringProcess:
    """Keeps one scorer up, and asks it. While there is none, every score is refused at once.

    `command` starts the scorer of one model; `start` before anything else. A scorer that comes back with
    another model is refused: what was decided half by one would be judged by the thresholds of the other.
    """

    version: str
    kind: str
    thresholds: Thresholds

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._child: ScorerChild | None = None
        self._hello: Hello | None = None
        self._ready = False
        self._began_at = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._restarting: asyncio.Task[None] | None = None
        self.restarts = 0

    @classmethod
    def of(cls, folder: Path) -> Self:
        return cls((sys.executable, "-m", "app.scorer_process", str(folder)))

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.running else None

    async def start(self, *, urgently: bool = False) -> None:
        """Raises ModelRefused with what the scorer says of its model's folder.

        It loads behind everything else on the machine, unless payments wait for it.
        """
        try:
            await self._begin(0 if urgently else GENTLY)
        except ModelRefused:
            await self.leave()
            raise

    async def score(self, values: "array[float]", limit_s: float) -> Scored:
        """Raises ModelRefused, or TimeoutError after `limit_s` seconds; late answers are dropped."""
        said = await self._asked(values, limit_s, explained=True)
        return Scored(probability=said[0], contributions=said[1:].tolist())

    async def probability(self, values: "array[float]", limit_s: float) -> float:
        """As `score`, some hundred microseconds sooner."""
        return (await self._asked(values, limit_s, explained=False))[0]

    def close(self) -> None:
        """End it, and wait for its end."""
        self._rest()
        if self._child:
            self._child.close()

    async def leave(self) -> None:
        """As close, while payments come, which do not wait for its end."""
        self._rest()
        if self._child:
            await self._child.gone()

    def _rest(self) -> None:
        self._ready = False
        if self._restarting:
            self._restarting.cancel()

    async def _asked(self, values: "array[float]", limit_s: float, *, explained: bool) -> "array[float]":
        child = self._child
        if child is None or not self._ready:
            raise ModelRefused("the scorer is not running, it is being started again")
        if limit_s <= 0:
            raise TimeoutError
        asked = child.ask(values, explained=explained)
        timer = asyncio.get_running_loop().call_later(limit_s, child.give_up, asked)
        try:
            return await asked
        finally:
            timer.cancel()

    async def _begin(self, niceness: int) -> None:
        self._child = ScorerChild(self._command, self._ended, niceness)
        hello = await self._child.hello()
        if not self._child.running:
            raise ModelRefused("the scorer ended as soon as it was ready")
        if self._hello is None:
            self._learn(hello)
        elif hello != self._hello:
            self._child.end("another model")
            raise ModelRefused(
                f"the scorer came back with model {hello.version} instead of {self.version}: restart the API"
            )
        self._began_at = asyncio.get_running_loop().time()
        self._ready = True

    def _learn(self, hello: Hello) -> None:
        self._hello = hello
        self.version, self.kind = hello.version, hello.kind
        self.thresholds = convert(hello.thresholds, KnownThresholds)

    def _ended(self, reason: str) -> None:
        if not self._ready:  # it was starting, or we are closing
            return
        self._ready = False
        loop = asyncio.get_running_loop()
        if loop.time() - self._began_at >= STEADY_S:
            self._pause_s = FIRST_PAUSE_S
        log.error("the scorer is gone, deciding without a model until it is back: %s", reason)
        self._restarting = loop.create_task(self._start_again())

    async def _start_again(self) -> None:
        while not self._ready:
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)
            code = self._child.exit_code if self._child else None
            self.restarts += 1
            try:
                await self._begin(0)  # payments are decided without a model meanwhile
            except ModelRefused as error:
                log.error("the scorer cannot be started, again in %.1f s: %s", self._pause_s, error)
            else:
                log.warning("the scorer is back; the one before ended with %s", code)

"""Brings models up in scorer processes of their own, one after the other, and ends those nobody wants."""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from app.scoring import ScoringProcess
from domain.errors import ModelRefused

LAST_ANSWERS_S = 2.0  # payments under way may still ask a model that is out of service
TRY_AGAIN_S = 30.0
log = logging.getLogger("faregate.models")


class Loading:
    """`fetch` gives the folder of a version, `start` makes a scorer of it; used from one event loop."""

    def __init__(
        self,
        fetch: Callable[[str], Awaitable[Path]],
        start: Callable[[Path], ScoringProcess] = ScoringProcess.of,
    ) -> None:
        self._fetch = fetch
        self._start = start
        self._waiting: set[str] = set()
        self._refused_at: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self.loaded: dict[str, ScoringProcess] = {}
        self.refused: dict[str, str] = {}
        self._restarts_before = 0
        self._ending: dict[asyncio.Future[None], ScoringProcess] = {}

    @property
    def restarts(self) -> int:
        return self._restarts_before + sum(scoring.restarts for scoring in self.loaded.values())

    def want(self, versions: set[str], on_change: Callable[[], None]) -> None:
        """These and no others; `on_change` is called whenever one more is loaded or refused."""
        now = asyncio.get_running_loop().time()
        for version in versions & self._leaving.keys():
            self._leaving.pop(version).cancel()
        for version in self.refused.keys() - versions:
            self.forget(version)
        overdue = {v for v, at in self._refused_at.items() if now - at >= TRY_AGAIN_S}
        self._waiting = (versions - self.loaded.keys()) - (self.refused.keys() - overdue)
        for version in self.loaded.keys() - versions - self._leaving.keys():
            self._leaving[version] = asyncio.get_running_loop().call_later(LAST_ANSWERS_S, self._end, version)
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._load_all(on_change))

    def forget(self, version: str) -> None:
        """Of a model that was refused: it is tried again when it is wanted."""
        self.refused.pop(version, None)
        self._refused_at.pop(version, None)

    async def idle(self) -> None:
        if self._task:
            await self._task

    def close(self) -> None:
        if self._task:
            self._task.cancel()
        for timer in self._leaving.values():
            timer.cancel()
        for task in self._ending:
            task.cancel()
        for scoring in (*self.loaded.values(), *self._ending.values()):
            scoring.close()
        self.loaded.clear()

    async def _load_all(self, on_change: Callable[[], None]) -> None:
        while self._waiting:
            version = self._waiting.pop()
            if version not in self.loaded:  # it was wanted again while it was being loaded
                await self._load(version)
                on_change()

    async def _load(self, version: str) -> None:
        folder: Path | None = None
        scoring: ScoringProcess | None = None
        try:
            folder = await self._fetch(version)
            scoring = self._start(folder)
            await scoring.start(urgently=not self.loaded)  # payments wait for the first one
            _require(scoring, version)
        except ModelRefused as error:
            if scoring:
                await scoring.leave()
            if folder:  # what is wrong with it may be this copy alone
                shutil.rmtree(folder, ignore_errors=True)
            log.error("model %s is refused: %s", version, error)
            self.refused[version] = str(error)
            self._refused_at[version] = asyncio.get_running_loop().time()
        except asyncio.CancelledError:
            if scoring:
                scoring.close()
            raise
        else:
            self.forget(version)
            self.loaded[version] = scoring
            log.info("model %s loaded, %s", version, scoring.kind)

    def _end(self, version: str) -> None:
        del self._leaving[version]
        scoring = self.loaded.pop(version)
        self._restarts_before += scoring.restarts
        ending = asyncio.ensure_future(scoring.leave())
        self._ending[ending] = scoring
        ending.add_done_callback(self._ending.pop)
        log.info("model %s unloaded", version)


def _require(scoring: ScoringProcess, version: str) -> None:
    if scoring.version != version:
        raise ModelRefused(f"the folder of {version} holds {scoring.version}")

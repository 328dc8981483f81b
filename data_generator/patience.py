"""How often an unanswered call is made again before it is given up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from domain.errors import FaregateError, Retryable

log = logging.getLogger(__name__)
Answered = TypeVar("Answered")


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How often and after which pauses an unanswered call is made again; the pause doubles each time."""

    attempts: int = 8
    first_s: float = 0.1
    longest_s: float = 2.0

    def pauses(self) -> Iterator[float]:
        for retry in range(self.attempts - 1):
            yield min(self.longest_s, self.first_s * 2**retry)

    async def insist(self, call: Callable[[], Awaitable[Answered]]) -> tuple[Answered | None, str | None]:
        """The answer, or what stood against it after the last attempt."""
        pauses = self.pauses()
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


USUAL = Patience()

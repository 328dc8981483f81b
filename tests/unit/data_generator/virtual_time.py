"""An event loop whose time jumps to the next timer: minutes pass in a moment, always the same way."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
START_MS = 1_790_000_000_000


class _JumpingSelector(selectors.SelectSelector):
    passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.passed_s += timeout or 0.0
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumps = _JumpingSelector()
        super().__init__(self._jumps)

    def time(self) -> float:
        return self._jumps.passed_s


def clock() -> int:
    """Milliseconds since the epoch in the running loop's time."""
    return START_MS + int(asyncio.get_running_loop().time() * 1000)


def run(main: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)

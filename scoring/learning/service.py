"""The learner: every few minutes one round, as a process of its own that may be killed at any point."""

import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROUND_S_MAX = 900.0
LOOK_EVERY_S = 0.5
JUMP_MS = 5_000  # smaller steps are what keeps clocks right
log = logging.getLogger("faregate.learning")


class Clock:
    """How far the clock of the wall went ahead of one that nobody can set."""

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] | None = None
    ) -> None:
        self._wall = wall
        self._steady = steady or (lambda: time.clock_gettime(time.CLOCK_BOOTTIME))
        self._ahead_s = self._wall() - self._steady()

    def jumped_ms(self) -> int:
        """By how much the clock was set forward since the last call; 0 if it was not, or was set back."""
        before, self._ahead_s = self._ahead_s, self._wall() - self._steady()
        jumped_ms = round(1000 * (self._ahead_s - before))
        return jumped_ms if jumped_ms >= JUMP_MS else 0


def serve(every_s: float, stop: threading.Event, *, command: tuple[str, ...] | None = None) -> None:
    """A round every `every_s` seconds until `stop` is set; a round that is at work then is killed."""
    clock = Clock()
    due = time.monotonic()
    while not stop.wait(max(0.0, due - time.monotonic())):
        due = time.monotonic() + every_s
        run_round(stop, clock.jumped_ms(), command=command)


def run_round(
    stop: threading.Event, clock_jump_ms: int = 0, *, command: tuple[str, ...] | None = None
) -> int:
    """Its exit code: negative when it was killed. What it wrote to disk is gone afterwards."""
    turn = command or (sys.executable, "-m", "scoring.learning.turn")
    with tempfile.TemporaryDirectory(prefix="faregate-round-") as scratch:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*turn, str(Path(scratch)), str(clock_jump_ms)], stdin=subprocess.DEVNULL
        )
        code = _wait(process, stop)
    if code != 0 and not stop.is_set():
        log.warning("the round ended with %d; the next one begins anew", code)
    return code


def _wait(process: "subprocess.Popen[bytes]", stop: threading.Event) -> int:
    deadline = time.monotonic() + ROUND_S_MAX
    while True:
        try:
            return process.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            if stop.is_set() or time.monotonic() > deadline:
                log.warning("the round is killed: %s", "we stop" if stop.is_set() else "it takes too long")
                process.kill()
                return process.wait()

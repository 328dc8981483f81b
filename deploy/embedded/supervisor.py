"""Starts the parts of the stack, watches them, and starts a dead one again within a limit."""

import logging
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from deploy.embedded.children import Launch, Spawner, last_words, stop
from deploy.embedded.errors import NotReady
from domain.errors import FaregateError

log = logging.getLogger("faregate.supervisor")
LOOK_S = 0.2
LONGEST_PAUSE_S = 5.0

WaitReady = Callable[[Callable[[], bool]], None]  # given a "does it still run?", returns when ready or raises


class State(StrEnum):
    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting to start again"
    GAVE_UP = "gave up"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class RestartLimit:
    """At most `count` new starts within `window_s` seconds."""

    count: int = 5
    window_s: float = 300.0


@dataclass(kw_only=True)
class Child:
    launch: Launch
    wait_ready: WaitReady
    process: subprocess.Popen[bytes]
    state: State = State.STARTING
    watched: bool = False  # from the first time it was ready; before that, whoever starts it hears of its end
    restarts: int = 0
    last_end: str | None = None
    recent: deque[float] = field(default_factory=deque)

    @property
    def runs(self) -> bool:
        return self.process.poll() is None


class Supervisor:
    def __init__(
        self, *, spawner: Spawner, on_change: Callable[[], None], limit: RestartLimit | None = None
    ) -> None:
        self._spawner = spawner
        self._on_change = on_change
        self._limit = limit or RestartLimit()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._watch = threading.Thread(target=self._look_forever, name="watch", daemon=True)
        self.children: dict[str, Child] = {}

    def start(self, launch: Launch, wait_ready: WaitReady) -> None:
        """Starts the child and returns when it is ready; from then on it is watched."""
        with self._lock:
            if self._stopping.is_set():
                raise NotReady(f"{launch.name} is not started: the stack is stopping.")
            child = Child(launch=launch, wait_ready=wait_ready, process=self._spawner.spawn(launch))
            self.children[launch.name] = child
        self._on_change()
        try:
            wait_ready(lambda: child.runs and not self.stopping)
        except NotReady as problem:
            if self.stopping:
                raise
            raise NotReady(f"{problem} {launch.log} ends: {last_words(launch.log)}") from problem
        child.state = State.READY
        child.watched = True
        self._on_change()

    def run_once(self, launch: Launch, timeout_s: float) -> int:
        """Runs a leashed child to its end and returns its exit code; NotReady when it takes too long."""
        process = self._spawner.spawn(launch)
        deadline = time.monotonic() + timeout_s
        try:
            while process.poll() is None:
                if self._stopping.wait(LOOK_S / 4) or time.monotonic() > deadline:
                    raise NotReady(f"{launch.name} did not end in time; see {launch.log}.")
        finally:
            stop(process, launch)
        return process.returncode

    def watch(self) -> None:
        self._watch.start()

    def _look_forever(self) -> None:
        while not self._stopping.wait(LOOK_S):
            for child in list(self.children.values()):
                if child.watched and child.state in (State.READY, State.STARTING) and not child.runs:
                    self._on_death(child)

    def _on_death(self, child: Child) -> None:
        child.last_end = how_it_ended(child.process.returncode)
        log.warning("%s (pid %s) ended: %s", child.launch.name, child.process.pid, child.last_end)
        now = time.monotonic()
        while child.recent and child.recent[0] < now - self._limit.window_s:
            child.recent.popleft()
        if len(child.recent) >= self._limit.count:
            child.state = State.GAVE_UP
            log.error(
                "%s ended %s times in %.0f s and is not started again; %s says why",
                child.launch.name, self._limit.count + 1, self._limit.window_s, child.launch.log,
            )  # fmt: skip
            self._on_change()
            return
        pause = min(LONGEST_PAUSE_S, 0.2 * 2 ** len(child.recent)) if child.recent else 0.0
        child.recent.append(now)
        child.state = State.WAITING
        self._on_change()
        threading.Thread(target=self._start_again, args=(child, pause), daemon=True).start()

    def _start_again(self, child: Child, pause_s: float) -> None:
        if self._stopping.wait(pause_s):
            return
        with self._lock:
            if self._stopping.is_set():
                return
            child.process = self._spawner.spawn(child.launch)
            child.restarts += 1
            child.state = State.STARTING
        log.warning("%s started again (pid %s)", child.launch.name, child.process.pid)
        self._on_change()
        process = child.process
        try:
            child.wait_ready(lambda: process.poll() is None and not self.stopping)
        except FaregateError as problem:
            log.warning("%s is not ready: %s", child.launch.name, problem)
            if process.poll() is None:  # hangs: end it, and its death counts as one more start
                process.kill()
            return
        child.state = State.READY
        self._on_change()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def abandon(self) -> None:
        """From now on nothing is started, and what waits for a child gives up waiting."""
        with self._lock:
            self._stopping.set()

    def stop(self, order: Iterable[Iterable[str]]) -> None:
        """Stops tier after tier, the children of a tier at the same time, and whatever is not named last."""
        self.abandon()
        named = [list(tier) for tier in order]
        rest = set(self.children) - {name for tier in named for name in tier}
        for tier in (*named, sorted(rest)):
            found = [self.children[name] for name in tier if name in self.children]
            threads = [threading.Thread(target=self._stop_one, args=(child,)) for child in found]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _stop_one(self, child: Child) -> None:
        stop(child.process, child.launch)
        child.state = State.STOPPED
        self._on_change()

    def all_run(self, *names: str) -> bool:
        return not self.stopping and all(self.children[name].runs for name in names)

    @property
    def gave_up(self) -> list[str]:
        return [name for name, child in self.children.items() if child.state is State.GAVE_UP]


def how_it_ended(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"

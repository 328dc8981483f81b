"""The parent of the API's workers: binds the socket, keeps the workers running, and ends them gently.

It imports little, so that it is small and has nothing of its own that could fail. Workers share one
listening socket: callers who come while one is started again wait for it instead of being refused.
"""

import ctypes
import logging
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.logs import configure
from app.metric_cells import Cells

LISTEN_FD, READY_FD = "FAREGATE_API_FD", "FAREGATE_API_READY_FD"
METRICS_DIR, WORKER = "FAREGATE_METRICS_DIR", "FAREGATE_API_WORKER"
COUNT = "FAREGATE_API_WORKERS"
MOST_WORKERS = 64
BACKLOG = 1_024
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
FALSE_STARTS = 5
DRAIN_S = 7.0  # workers take 5 s for what is under way
LOOK_S = 0.05
FOLDER = "faregate-metrics-"  # then the parent's process id
READY_METRIC, RESTARTED_METRIC = "faregate_workers_ready", "faregate_workers_restarted"
_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None, use_errno=True).prctl
log = logging.getLogger("faregate.workers")


@dataclass(kw_only=True)
class Worker:
    """One place among the workers and the process that holds it now."""

    number: int
    process: "subprocess.Popen[bytes] | None" = None
    ready_pipe: int | None = None
    ready: bool = False
    start_at: float = 0.0  # on the monotonic clock
    pause_s: float = FIRST_PAUSE_S


@dataclass(kw_only=True)
class Workers:
    """`command` starts one worker; it finds the socket and the ready pipe in its environment."""

    command: Sequence[str]
    env: Mapping[str, str]
    listening: socket.socket
    count: int
    metrics: Path
    monotonic: Callable[[], float] = time.monotonic
    false_starts: int = 0  # in a row, of any worker
    restarts: int = 0
    _signals: int = 0
    _workers: list[Worker] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def __post_init__(self) -> None:
        self._workers = [Worker(number=number) for number in range(self.count)]
        cells = Cells(self.metrics, "parent")
        self._cells = cells
        self._ready_cell = cells.place((READY_METRIC,), 1)
        self._restarted_cell = cells.place((RESTARTED_METRIC,), 1)

    def run(self) -> int:
        """Until a signal, 0; or 1 when workers cannot start."""
        with _woken_by_signals(self._on_signal) as waker:
            self._selector.register(waker, selectors.EVENT_READ)
            try:
                while not self._signals and self.false_starts < FALSE_STARTS:
                    self._turn(waker)
                stopped = bool(self._signals)
                if not stopped:
                    log.error("workers ended %d times before they were ready: giving up", self.false_starts)
                self._end(waker)
            finally:
                self._selector.close()
        return 0 if stopped else 1

    def _on_signal(self) -> None:
        self._signals += 1

    def _turn(self, waker: socket.socket) -> None:
        now = self.monotonic()
        for worker in self._workers:
            if worker.process is None and now >= worker.start_at:
                self._start(worker)
        self._listen(waker, self._rest_s(now))
        for worker in self._workers:
            if worker.process is not None and worker.process.poll() is not None:
                self._ended(worker)

    def _rest_s(self, now: float) -> float | None:
        waiting = [worker.start_at for worker in self._workers if worker.process is None]
        return max(0.0, min(waiting) - now) if waiting else None

    def _listen(self, waker: socket.socket, timeout_s: float | None) -> None:
        for key, _ in self._selector.select(timeout_s):
            if key.fileobj is waker:
                waker.recv(64)
            else:
                self._heard(key.data)

    def _start(self, worker: Worker) -> None:
        reading, writing = os.pipe()
        env = {
            **self.env,
            LISTEN_FD: str(self.listening.fileno()),
            READY_FD: str(writing),
            METRICS_DIR: str(self.metrics),
            WORKER: f"worker_{worker.number}",
        }
        worker.process = subprocess.Popen(  # noqa: S603 - the command is our own
            self.command,
            env=env,
            pass_fds=(self.listening.fileno(), writing),
            preexec_fn=_leash(),  # noqa: PLW1509 - a few system calls, no locks taken
        )
        os.close(writing)
        worker.ready, worker.ready_pipe = False, reading
        self._selector.register(reading, selectors.EVENT_READ, worker)

    def _heard(self, worker: Worker) -> None:
        """One byte when it is ready; nothing when it ended before."""
        assert worker.ready_pipe is not None, "only open pipes are listened to"  # noqa: S101 - both sides of it
        worker.ready = bool(os.read(worker.ready_pipe, 1))
        self._stop_listening(worker)
        if worker.ready:
            self.false_starts, worker.pause_s = 0, FIRST_PAUSE_S
            self._show_ready()

    def _stop_listening(self, worker: Worker) -> None:
        if worker.ready_pipe is not None:
            self._selector.unregister(worker.ready_pipe)
            os.close(worker.ready_pipe)
            worker.ready_pipe = None

    def _ended(self, worker: Worker) -> None:
        assert worker.process is not None, "it was started"  # noqa: S101 - both sides of it
        if worker.ready_pipe is not None:
            self._heard(worker)  # it may have been ready for a moment
        code = worker.process.returncode
        self.false_starts = 0 if worker.ready else self.false_starts + 1
        worker.process, worker.ready = None, False
        worker.start_at = self.monotonic() + worker.pause_s
        log.warning("worker %d ended with %d, again in %.1f s", worker.number, code, worker.pause_s)
        worker.pause_s = min(LONGEST_PAUSE_S, worker.pause_s * 2)
        self.restarts += 1
        self._cells.values[self._restarted_cell] = self.restarts
        self._show_ready()

    def _show_ready(self) -> None:
        ready = sum(worker.ready for worker in self._workers)
        self._cells.values[self._ready_cell] = ready
        if ready == self.count:
            log.info("%d of %d workers ready", ready, self.count)

    def _end(self, waker: socket.socket) -> None:
        """Calls under way are finished; whoever takes too long, or a second signal, ends it at once."""
        self.listening.close()
        running = [worker.process for worker in self._workers if worker.process is not None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline, signals = self.monotonic() + DRAIN_S, self._signals
        while any(process.poll() is None for process in running):
            if self.monotonic() > deadline or self._signals > signals:
                log.warning("killing workers that did not end by themselves")
                for process in running:
                    process.kill()
                    process.wait()
            self._listen(waker, LOOK_S)


@contextmanager
def _woken_by_signals(on_stop: Callable[[], None]) -> Iterator[socket.socket]:
    """A socket that becomes readable with each signal, also when a child ends."""
    reading, writing = socket.socketpair()
    reading.setblocking(False)
    writing.setblocking(False)
    handlers: dict[signal.Signals, Callable[..., None]] = {
        signal.SIGTERM: lambda *_: on_stop(),
        signal.SIGINT: lambda *_: on_stop(),
        signal.SIGCHLD: lambda *_: None,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        reading.close()
        writing.close()


def _leash() -> Callable[[], None]:
    """Run in the child: it dies with us, however we die."""
    parent = os.getpid()

    def leash() -> None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # we died between fork and prctl
            os._exit(1)

    return leash


def run_workers(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Binds FAREGATE_API_HOST and _PORT and runs FAREGATE_API_WORKERS workers; the exit code."""
    host, port = env.get("FAREGATE_API_HOST", "127.0.0.1"), env.get("FAREGATE_API_PORT", "8080")
    count = env.get(COUNT, "1")
    if not count.isdecimal() or not 1 <= int(count) <= MOST_WORKERS:
        log.error("%s is %r: it must be a whole number from 1 to %d.", COUNT, count, MOST_WORKERS)
        return 1
    if not port.isdecimal() or int(port) > 65_535:
        log.error("FAREGATE_API_PORT is %r: it must be a whole number from 1 to 65535.", port)
        return 1
    try:
        listening = bound(host, int(port))
    except OSError as error:
        log.error("%s:%s cannot be bound: %s. End what uses it, or choose another port.", host, port, error)
        return 1
    remove_folders_of_the_dead()
    with listening, tempfile.TemporaryDirectory(prefix=f"{FOLDER}{os.getpid()}-") as folder:
        return Workers(
            command=command, env=env, listening=listening, count=int(count), metrics=Path(folder)
        ).run()


def remove_folders_of_the_dead(where: Path | None = None) -> None:
    """A parent that was killed leaves its metrics behind."""
    for folder in (where or Path(tempfile.gettempdir())).glob(f"{FOLDER}*-*"):
        owner = folder.name.removeprefix(FOLDER).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def main() -> int:
    configure("api")
    return run_workers((sys.executable, "-m", "app.main"), os.environ)


if __name__ == "__main__":
    sys.exit(main())

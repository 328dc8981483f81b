"""Child processes that cannot outlive their parent."""

import ctypes
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None, use_errno=True).prctl


# Niceness: what may be a little late, so that a waiting payment is not; and what nobody waits for.
BEHIND_PAYMENTS = 10
BEHIND_ALL = 19
_TRIES, _PAUSE_S = 10, 0.05


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How one child is started and stopped."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    log: Path
    uid: int | None = None
    niceness: int = 0
    death_signal: signal.Signals = signal.SIGKILL
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10.0


class Spawner:
    """Starts children from one thread that lives until `close`.

    Linux sends the parent-death signal when the *thread* that forked ends, not when its process does.
    """

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[tuple[Launch, Future[subprocess.Popen[bytes]]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._serve, name="spawner", daemon=True)
        self._thread.start()

    def spawn(self, launch: Launch) -> subprocess.Popen[bytes]:
        started: Future[subprocess.Popen[bytes]] = Future()
        self._requests.put((launch, started))
        return started.result()

    def close(self) -> None:
        """Ends the thread, and with it every child that is still there."""
        self._requests.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while request := self._requests.get():
            launch, started = request
            try:
                started.set_result(_start(launch))
            except BaseException as problem:  # noqa: BLE001 - handed to the caller, who waits for it
                started.set_exception(problem)


def _start(launch: Launch) -> subprocess.Popen[bytes]:
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    with launch.log.open("ab") as log:
        process = subprocess.Popen(
            launch.argv,
            env=dict(launch.env),
            cwd=launch.cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Runs after the change of user, which would clear the parent-death signal.
            preexec_fn=_leash(launch.death_signal, launch.niceness),  # noqa: PLW1509 - a few system calls, no locks taken
            user=launch.uid,
            group=launch.uid,
            extra_groups=None if launch.uid is None else [],
        )
    if launch.niceness:
        _let_session_give_way(process.pid, launch.niceness)
    return process


def _let_session_give_way(leader: int, niceness: int) -> None:
    """Where the kernel schedules by session, a process's own niceness means nothing between sessions.

    The kernel takes such a change from us ten times a second at most.
    """
    for _ in range(_TRIES):
        try:
            Path(f"/proc/{leader}/autogroup").write_text(str(niceness))
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        except OSError:  # it schedules otherwise, or the child has ended already
            return
        else:
            return


def _leash(death_signal: signal.Signals, niceness: int) -> Callable[[], None]:
    parent = os.getpid()

    def leash() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # what our thread blocks, the child must not
        _prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        os.nice(niceness)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os._exit(1)

    return leash


def stop(process: subprocess.Popen[bytes], launch: Launch) -> None:
    """Asks the child to end, and ends it and its session's processes when it does not in time."""
    if process.poll() is None:
        process.send_signal(launch.stop_signal)
        try:
            process.wait(launch.stop_timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    kill_session(process.pid)


def last_words(log: Path, *, lines: int = 3) -> str:
    """The end of a child's log, for a message to a person."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return "it wrote nothing"
    return " | ".join(text.strip().splitlines()[-lines:]) or "it wrote nothing"


def kill_session(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return

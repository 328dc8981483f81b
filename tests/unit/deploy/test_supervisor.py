"""Real, tiny children: started again within the limit, stopped without remains."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import eventually

from deploy.embedded import children
from deploy.embedded.children import Launch, Spawner
from deploy.embedded.errors import NotReady
from deploy.embedded.supervisor import RestartLimit, State, Supervisor, how_it_ended

SLEEP = "import time; time.sleep(600)"


def launch(folder: Path, code: str = SLEEP, name: str = "child") -> Launch:
    return Launch(
        name=name,
        argv=(sys.executable, "-S", "-c", code),
        env={},
        cwd=folder,
        log=folder / f"{name}.log",
        stop_timeout_s=0.5,
    )


def at_once(_still_runs: Callable[[], bool]) -> None:
    return


@pytest.fixture
def spawner() -> Iterator[Spawner]:
    made = Spawner()
    yield made
    made.close()


@pytest.fixture
def supervisor(spawner: Spawner) -> Iterator[Supervisor]:
    limit = RestartLimit(count=2, window_s=60)
    made = Supervisor(spawner=spawner, on_change=lambda: None, limit=limit)
    made.watch()
    yield made
    made.stop(())


def test_a_killed_child_is_started_again_and_its_end_is_named(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(launch(tmp_path), at_once)
    child = supervisor.children["child"]
    first = child.process.pid
    child.process.kill()
    eventually(lambda: child.restarts == 1 and child.state is State.READY, within_s=5)
    assert child.process.pid != first
    assert child.last_end == "killed by SIGKILL"


def test_it_is_given_up_at_the_limit(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(launch(tmp_path, "raise SystemExit(3)"), at_once)
    child = supervisor.children["child"]
    eventually(lambda: child.state is State.GAVE_UP, within_s=10)
    assert child.restarts == 2
    assert child.last_end == "exit code 3"
    assert supervisor.gave_up == ["child"]


def test_a_child_that_ends_while_starting_is_an_error_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    def wait(still_runs: Callable[[], bool]) -> None:
        eventually(lambda: not still_runs(), within_s=5)
        raise NotReady("It ended.")

    with pytest.raises(NotReady, match="no such thing"):
        supervisor.start(launch(tmp_path, "raise SystemExit('no such thing')"), wait)
    assert supervisor.children["child"].restarts == 0


def test_abandoned_starts_end_soon(supervisor: Supervisor, tmp_path: Path) -> None:
    waiting = threading.Event()

    def wait(still_runs: Callable[[], bool]) -> None:
        waiting.set()
        eventually(lambda: not still_runs(), within_s=5)
        raise NotReady("abandoned")

    def start() -> None:
        with pytest.raises(NotReady):
            supervisor.start(launch(tmp_path), wait)

    starting = threading.Thread(target=start)
    starting.start()
    assert waiting.wait(5)
    supervisor.abandon()
    starting.join(5)
    assert not starting.is_alive()
    with pytest.raises(NotReady, match="stopping"):
        supervisor.start(launch(tmp_path, name="late"), at_once)


def test_stop_follows_the_order_and_kills_the_stubborn(supervisor: Supervisor, tmp_path: Path) -> None:
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
    supervisor.start(launch(tmp_path, deaf, "deaf"), at_once)
    supervisor.start(launch(tmp_path, name="polite"), at_once)
    eventually(lambda: (tmp_path / "deaf.log").read_text() == "deaf\n", within_s=5)
    supervisor.stop((("polite",), ("deaf",)))
    ends = {name: child.process.returncode for name, child in supervisor.children.items()}
    assert ends == {"polite": -signal.SIGTERM, "deaf": -signal.SIGKILL}
    assert all(child.state is State.STOPPED for child in supervisor.children.values())


def test_run_once_gives_the_exit_code(supervisor: Supervisor, tmp_path: Path) -> None:
    assert supervisor.run_once(launch(tmp_path, "raise SystemExit(7)"), timeout_s=10) == 7


def test_run_once_does_not_wait_for_ever(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="did not end in time"):
        supervisor.run_once(launch(tmp_path), timeout_s=0.1)


def test_children_start_with_no_signal_blocked(spawner: Spawner, tmp_path: Path) -> None:
    blocked = "print(next(l for l in open('/proc/self/status') if l.startswith('SigBlk')).split()[1])"
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        wanted = launch(tmp_path, blocked)
        spawner.spawn(wanted).wait(10)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert int(wanted.log.read_text(), 16) == 0


def test_a_program_that_is_not_there_is_the_callers_error(spawner: Spawner, tmp_path: Path) -> None:
    missing = Launch(name="x", argv=("/no/such/program",), env={}, cwd=tmp_path, log=tmp_path / "x.log")
    with pytest.raises(FileNotFoundError):
        spawner.spawn(missing)


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (-9, "killed by SIGKILL"), (-99, "killed by signal 99")]
)
def test_ends_in_words(code: int, words: str) -> None:
    assert how_it_ended(code) == words


def test_last_words_of_a_silent_child(tmp_path: Path) -> None:
    assert children.last_words(tmp_path / "none.log") == "it wrote nothing"

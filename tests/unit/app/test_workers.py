"""The parent of the workers, with workers of a few lines."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from app.metric_cells import Cells
from app.workers import (
    COUNT,
    DRAIN_S,
    FOLDER,
    READY_METRIC,
    Workers,
    bound,
    remove_folders_of_the_dead,
    run_workers,
)

SAY_READY = "import os; os.write(int(os.environ['FAREGATE_API_READY_FD']), b'1')"
WAIT = "import signal; signal.sigwait({signal.SIGTERM})"
STUBBORN = (
    "import signal, sys, time; from pathlib import Path;"
    "signal.signal(signal.SIGTERM, lambda *_: Path(sys.argv[1]).touch()); " + SAY_READY + "; time.sleep(60)"
)
BLOCK = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})"
GOOD = (sys.executable, "-c", f"{BLOCK}; {SAY_READY}; {WAIT}")
PARENT = (
    "import os, sys; from app.workers import run_workers; "
    "sys.exit(run_workers(tuple(sys.argv[1:]), os.environ))"
)


@contextmanager
def parent_of(*worker: str, count: int = 1, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """In a process of its own, since it takes signals."""
    env = {**os.environ, "FAREGATE_API_PORT": str(port), COUNT: str(count)}
    parent = subprocess.Popen((sys.executable, "-c", PARENT, *worker), env=env)
    try:
        yield parent
    finally:
        for child in psutil.Process(parent.pid).children() if parent.poll() is None else ():
            child.kill()
        parent.kill()
        parent.wait()


def children(parent: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(parent.pid).children()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_as_many_workers_as_wished_start_and_end_with_their_parent() -> None:
    with parent_of(*GOOD, count=3) as parent:
        wait_for(lambda: len(children(parent)) == 3)
        workers = children(parent)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(10) == 0
        assert not any(worker.is_running() for worker in workers)


def test_a_worker_that_dies_is_started_again() -> None:
    with parent_of(*GOOD, count=2) as parent:
        wait_for(lambda: len(children(parent)) == 2)
        before = {worker.pid for worker in children(parent)}
        children(parent)[0].kill()
        wait_for(lambda: len({worker.pid for worker in children(parent)} | before) == 3)


def test_workers_do_not_outlive_a_parent_that_is_killed() -> None:
    with parent_of(*GOOD) as parent:
        wait_for(lambda: len(children(parent)) == 1)
        (worker,) = children(parent)
        parent.kill()
        parent.wait()
        wait_for(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    asked = tmp_path / "asked_to_end"
    with parent_of(sys.executable, "-c", STUBBORN, str(asked)) as parent:
        wait_for(lambda: ready_workers(parent) == 1)
        began = time.monotonic()
        parent.send_signal(signal.SIGTERM)
        wait_for(asked.exists)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(10) == 0
        assert time.monotonic() - began < DRAIN_S


def ready_workers(parent: subprocess.Popen[bytes]) -> float:
    """As the parent shows it in its metrics."""
    folders = list(Path(tempfile.gettempdir()).glob(f"{FOLDER}{parent.pid}-*"))
    counted = [worker for folder in folders for worker in Cells(folder, "reader").workers()]
    return max(
        (cells[0] for worker in counted for key, cells in worker.items() if key == (READY_METRIC,)), default=0
    )


def workers_of(tmp_path: Path, script: str, clock: Callable[[], float] = time.monotonic) -> Workers:
    return Workers(
        command=(sys.executable, "-c", script),
        env=dict(os.environ),
        listening=bound("127.0.0.1", 0),
        count=1,
        metrics=tmp_path,
        monotonic=clock,
    )


def test_workers_that_cannot_start_are_given_up(tmp_path: Path) -> None:
    hurried = (time.monotonic() + number * 10 for number in range(10_000))  # pauses are over at once
    workers = workers_of(tmp_path, "import sys; sys.exit(4)", lambda: next(hurried))
    assert workers.run() == 1
    assert workers.false_starts == 5


def test_pauses_grow_while_a_worker_cannot_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hurried = (time.monotonic() + number * 10 for number in range(10_000))
    workers_of(tmp_path, "import sys; sys.exit(4)", lambda: next(hurried)).run()
    pauses = [
        record.args[2]
        for record in caplog.records
        if isinstance(record.args, tuple) and len(record.args) == 3
    ]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2]


def test_a_worker_that_was_ready_starts_no_row_of_failures(tmp_path: Path) -> None:
    hurried = (time.monotonic() + number * 10 for number in range(100_000))
    workers = workers_of(tmp_path, SAY_READY, lambda: next(hurried))
    stopper = threading.Thread(target=stop_after_restarts, args=(workers, 5))
    stopper.start()
    assert workers.run() == 0
    stopper.join()
    assert workers.restarts > 4
    assert workers.false_starts == 0


def stop_after_restarts(workers: Workers, number: int) -> None:
    wait_for(lambda: workers.restarts >= number)
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    ("name", "value"), [(COUNT, "0"), (COUNT, "many"), (COUNT, "65"), ("FAREGATE_API_PORT", "seventy")]
)
def test_a_wrong_setting_is_named(name: str, value: str, caplog: pytest.LogCaptureFixture) -> None:
    assert run_workers(GOOD, {"FAREGATE_API_PORT": "0", name: value}) == 1
    assert name in caplog.text
    assert value in caplog.text


def test_a_taken_port_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with bound("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        assert run_workers(GOOD, {"FAREGATE_API_PORT": port}) == 1
    assert port in caplog.text


def test_metrics_of_a_killed_parent_are_removed_and_of_a_living_one_kept(tmp_path: Path) -> None:
    with subprocess.Popen((sys.executable, "-c", "")) as gone:
        gone.wait()
        left, living = tmp_path / f"{FOLDER}{gone.pid}-a", tmp_path / f"{FOLDER}{os.getpid()}-b"
        for folder in (left, living):
            folder.mkdir()
            (folder / "worker_0.cells").touch()
        remove_folders_of_the_dead(tmp_path)
    assert list(tmp_path.iterdir()) == [living]


def test_the_parent_imports_nothing_heavy() -> None:
    heavy = ("fastapi", "starlette", "uvicorn", "psycopg", "pydantic", "app.decide", "scoring")
    script = f"import app.workers, sys; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

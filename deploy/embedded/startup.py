"""Tasks that wait for one another and otherwise run at the same time."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Task:
    run: Callable[[], None]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A task began, or ended well after so many seconds."""

    task: str
    seconds: float | None


class _Skipped(Exception):
    pass


def run(
    tasks: Mapping[str, Task], on_progress: Callable[[Progress], None], abandon: Callable[[], None]
) -> None:
    """Runs each task when those it needs are done.

    At the first problem, or an interrupt, `abandon` is called: it makes running tasks end soon. When all have
    come to rest the problem is raised.
    """
    done: dict[str, Future[None]] = {}
    stopped = threading.Event()

    def work(name: str, task: Task) -> None:
        for needed in task.needs:
            if done[needed].exception() is not None:
                raise _Skipped
        if stopped.is_set():
            raise _Skipped
        started = time.monotonic()
        on_progress(Progress(task=name, seconds=None))
        task.run()
        on_progress(Progress(task=name, seconds=time.monotonic() - started))

    with ThreadPoolExecutor(len(tasks)) as pool:
        for name in _ordered(tasks):
            done[name] = pool.submit(work, name, tasks[name])
        try:
            for finished in as_completed(done.values()):
                if not isinstance(finished.exception(), _Skipped):  # whose reason is another task's problem
                    finished.result()
        except BaseException:
            stopped.set()
            abandon()
            raise


def needed_for(tasks: Mapping[str, Task], targets: Iterable[str]) -> dict[str, Task]:
    """The targets and all that they need, directly or not."""
    wanted: set[str] = set()
    asked = list(targets)
    while asked:
        name = asked.pop()
        if name not in wanted:
            wanted.add(name)
            asked += tasks[name].needs
    return {name: task for name, task in tasks.items() if name in wanted}


def _ordered(tasks: Mapping[str, Task]) -> list[str]:
    """Names so that each comes after those it needs; a circle or an unknown name is a ValueError."""
    ordered: list[str] = []
    while len(ordered) < len(tasks):
        ready = [name for name in tasks if name not in ordered and set(tasks[name].needs) <= set(ordered)]
        if not ready:
            raise ValueError(f"These tasks can never start: {sorted(set(tasks) - set(ordered))}")
        ordered += ready
    return ordered

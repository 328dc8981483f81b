"""Tasks start when what they need is done, and a failure ends the start soon."""

import threading

import pytest

from deploy.embedded import startup
from deploy.embedded.startup import Progress, Task


def quiet(_progress: Progress) -> None:
    return


def test_a_task_waits_for_those_it_needs() -> None:
    order: list[str] = []
    tasks = {
        "last": Task(run=lambda: order.append("last"), needs=("middle",)),
        "middle": Task(run=lambda: order.append("middle"), needs=("first",)),
        "first": Task(run=lambda: order.append("first")),
    }
    startup.run(tasks, quiet, lambda: None)
    assert order == ["first", "middle", "last"]


def test_independent_tasks_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=5)

    def meet() -> None:
        meeting.wait()

    startup.run({"a": Task(run=meet), "b": Task(run=meet)}, quiet, lambda: None)


def test_a_failure_is_raised_abandons_the_rest_and_skips_what_needed_it() -> None:
    abandoned = threading.Event()
    ran: list[str] = []

    def fail() -> None:
        raise RuntimeError("broken")

    def hang() -> None:
        assert abandoned.wait(5)

    tasks = {
        "broken": Task(run=fail),
        "hangs": Task(run=hang),
        "after": Task(run=lambda: ran.append("after"), needs=("broken",)),
    }
    with pytest.raises(RuntimeError, match="broken"):
        startup.run(tasks, quiet, abandoned.set)
    assert ran == []


def test_progress_tells_of_begin_and_end() -> None:
    told: list[Progress] = []
    startup.run({"a": Task(run=lambda: None)}, told.append, lambda: None)
    assert [(each.task, each.seconds is None) for each in told] == [("a", True), ("a", False)]


def test_circles_are_refused() -> None:
    tasks = {"a": Task(run=lambda: None, needs=("b",)), "b": Task(run=lambda: None, needs=("a",))}
    with pytest.raises(ValueError, match="never start"):
        startup.run(tasks, quiet, lambda: None)


def test_targets_bring_what_they_need_and_no_more() -> None:
    tasks = {
        "a": Task(run=lambda: None),
        "b": Task(run=lambda: None, needs=("a",)),
        "c": Task(run=lambda: None, needs=("b",)),
        "d": Task(run=lambda: None),
    }
    assert set(startup.needed_for(tasks, ["b"])) == {"a", "b"}

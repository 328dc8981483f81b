"""Waiting for an answer no longer than agreed, whatever the one who answers does about it."""

from asyncio import Task, ensure_future, wait
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
_abandoned: set[Task[Any]] = set()  # the loop itself holds tasks weakly


async def within(limit_s: float, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`, or TimeoutError after `limit_s` seconds.

    asyncio.wait_for would also wait for the cancelled work to end: late, if the driver's server hangs.
    """
    task = ensure_future(work)
    try:
        done, _ = await wait((task,), timeout=limit_s)
    except BaseException:
        _abandon(task)
        raise
    if done:
        return task.result()
    _abandon(task)
    raise TimeoutError


def _abandon(task: Task[Any]) -> None:
    _abandoned.add(task)
    task.add_done_callback(_forget)
    task.cancel()


def _forget(task: Task[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # seen, so that the loop does not report it

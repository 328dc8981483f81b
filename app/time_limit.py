"""Waiting for an answer no longer than agreed, whatever the one who answers does about it."""

from asyncio import Future, ensure_future, wait
from collections.abc import Awaitable
from typing import Any, TypeVar

Result = TypeVar("Result")
_late: set[Future[Any]] = set()  # the loop itself holds tasks weakly


async def within(limit_s: float, work: Awaitable[Result]) -> Result:
    """The result of `work`, or TimeoutError after `limit_s` seconds.

    Late work goes on unobserved. Cancelling it would send a cancel to the server, on one connection more,
    just when the server is slow; and asyncio.wait_for would wait for that to be over.
    """
    task = ensure_future(work)
    done, _ = await wait((task,), timeout=limit_s)
    if done:
        return task.result()
    _late.add(task)
    task.add_done_callback(_forget)
    raise TimeoutError


def _forget(task: Future[Any]) -> None:
    _late.discard(task)
    if not task.cancelled():
        task.exception()  # seen, so that the loop does not report it

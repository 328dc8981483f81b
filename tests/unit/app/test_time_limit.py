import asyncio

import pytest

from app.time_limit import within

pytestmark = pytest.mark.anyio


async def test_an_answer_in_time() -> None:
    async def answers() -> int:
        return 7

    assert await within(5, answers()) == 7


async def test_an_error_in_time() -> None:
    async def fails() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await within(5, fails())


async def test_late_work_goes_on_without_us() -> None:
    release, done = asyncio.Event(), asyncio.Event()

    async def late() -> None:
        await release.wait()
        done.set()
        raise KeyError("nobody waits for this any more")

    with pytest.raises(TimeoutError):
        await within(0.001, late())
    assert not done.is_set()
    release.set()
    await asyncio.wait_for(done.wait(), 5)

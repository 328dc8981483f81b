import asyncio
import time
from array import array
from collections.abc import Iterator

import pytest
from fakes import FakeModel, HangingModel

from app.scoring_thread import THREADS, Scored, ScoringThread, score
from domain.catalogue import FEATURE_NAMES
from domain.errors import ModelRefused

pytestmark = pytest.mark.anyio
VALUES = array("f", [1.0] * len(FEATURE_NAMES))


@pytest.fixture
def hanging() -> Iterator[HangingModel]:
    model = HangingModel()
    yield model
    model.go_on.set()


async def test_a_score_is_the_models_own() -> None:
    model = FakeModel(0.25)
    scored = await ScoringThread(model).score(VALUES, 5.0)
    assert scored == score(model, VALUES)
    assert scored == Scored(probability=0.25, contributions=model.contributions(VALUES))


async def test_a_model_that_refuses_says_so() -> None:
    model = FakeModel()
    model.broken = True
    with pytest.raises(ModelRefused, match="broken"):
        await ScoringThread(model).score(VALUES, 5.0)


async def test_an_error_spoils_nothing_for_the_next() -> None:
    model = FakeModel(0.25)
    thread = ScoringThread(model)
    model.broken = True
    for _ in range(2 * THREADS):
        with pytest.raises(ModelRefused):
            await thread.score(VALUES, 5.0)
    model.broken = False
    assert (await thread.score(VALUES, 5.0)).probability == 0.25


async def test_a_model_that_hangs_is_left_behind_in_time(hanging: HangingModel) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await ScoringThread(hanging).score(VALUES, 0.02)
    assert 0.02 <= time.monotonic() - began < 2


async def test_the_loop_goes_on_meanwhile(hanging: HangingModel) -> None:
    waiting = asyncio.create_task(ScoringThread(hanging).score(VALUES, 5.0))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    hanging.go_on.set()
    assert (await waiting).probability == 0.01


async def test_while_one_hangs_the_next_is_scored() -> None:
    model = HangsOnce()
    thread = ScoringThread(model)
    with pytest.raises(TimeoutError):
        await thread.score(VALUES, 0.02)
    assert (await thread.score(VALUES, 5.0)).probability == 0.01
    model.go_on.set()


class HangsOnce(HangingModel):
    def score(self, vector: "array[float]") -> float:
        if self.seen:
            return FakeModel.score(self, vector)
        self.seen.append(vector)
        return super().score(vector)


async def test_with_every_thread_hanging_calls_still_end_in_time(hanging: HangingModel) -> None:
    thread = ScoringThread(hanging)
    calls = (thread.score(VALUES, 0.05) for _ in range(THREADS + 3))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, TimeoutError) for result in results)
    hanging.go_on.set()
    assert (await thread.score(VALUES, 5.0)).probability == 0.01


async def test_closing_does_not_wait_for_a_model_that_hangs(hanging: HangingModel) -> None:
    thread = ScoringThread(hanging)
    with pytest.raises(TimeoutError):
        await thread.score(VALUES, 0.01)
    began = time.monotonic()
    thread.close()
    assert time.monotonic() - began < 2

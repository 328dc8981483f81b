"""What everything that scores promises, asked of the fake and of the process."""

import asyncio
import sys
import time
from array import array
from collections.abc import AsyncIterator
from math import isnan
from pathlib import Path

import pytest
import scripted_scorer
from fakes_scoring import FakeScoring
from scripted_scorer import SLEEPS, ScriptedModel, counts, fine, refused, sleeps

from app.scoring import Scored, Scoring, ScoringProcess, score
from domain.decision import Verdict
from domain.errors import ModelRefused

pytestmark = pytest.mark.anyio
PATIENT_S = 20.0


@pytest.fixture(params=["fake", "process"])
async def scoring(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scoring]:
    if request.param == "fake":
        yield FakeScoring(ScriptedModel(), hangs=lambda values: values[0] == SLEEPS)
        return
    file = tmp_path / "model"
    file.write_text("mdl_scripted")
    process = ScoringProcess((sys.executable, scripted_scorer.__file__, str(file)))
    await process.start()
    yield process
    process.close()


async def test_it_tells_which_model_scores(scoring: Scoring) -> None:
    assert (scoring.version, scoring.kind) == ("mdl_scripted", "compiled")
    assert scoring.thresholds.verdict(0.95) is Verdict.DECLINE
    assert scoring.thresholds.verdict(0.1) is Verdict.APPROVE


async def test_a_score_is_the_models_own(scoring: Scoring) -> None:
    scored = await scoring.score(fine(0.1), PATIENT_S)
    assert scored == score(ScriptedModel(), fine(0.1))
    assert scored == Scored(probability=fine(0.1)[1], contributions=[0.0, fine(0.1)[1], 1 / 3])


async def test_a_probability_alone_is_that_of_the_score(scoring: Scoring) -> None:
    assert await scoring.probability(fine(0.1), PATIENT_S) == fine(0.1)[1]


async def test_a_probability_is_not_explained(scoring: Scoring) -> None:
    for _ in range(3):
        await scoring.probability(fine(), PATIENT_S)
    assert await scoring.probability(counts(), PATIENT_S) == 0
    await scoring.score(fine(), PATIENT_S)
    assert await scoring.probability(counts(), PATIENT_S) == 1


async def test_a_probability_fails_as_a_score_does(scoring: Scoring) -> None:
    with pytest.raises(ModelRefused, match="told to refuse"):
        await scoring.probability(refused(), PATIENT_S)
    with pytest.raises(TimeoutError):
        await scoring.probability(sleeps(0.1), 0.02)
    with pytest.raises(TimeoutError):
        await scoring.probability(fine(), 0.0)


async def test_a_refusal_is_told_in_its_own_words(scoring: Scoring) -> None:
    with pytest.raises(ModelRefused, match="told to refuse"):
        await scoring.score(refused(), PATIENT_S)


async def test_a_refusal_spoils_nothing_for_the_next(scoring: Scoring) -> None:
    for _ in range(5):
        with pytest.raises(ModelRefused):
            await scoring.score(refused(), PATIENT_S)
    assert (await scoring.score(fine(), PATIENT_S)).probability == 0.5


async def test_everybody_gets_the_own_answer(scoring: Scoring) -> None:
    asked = [fine(place / 64) for place in range(64)]
    scored = await asyncio.gather(*(scoring.score(values, PATIENT_S) for values in asked))
    assert [each.probability for each in scored] == [values[1] for values in asked]


async def test_what_takes_too_long_is_left_behind_in_time(scoring: Scoring) -> None:
    """The best of five: beside other tests the kernel itself may hold one up."""
    waited = []
    for _ in range(5):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await scoring.score(sleeps(0.3), 0.05)
        waited.append(time.monotonic() - began)
    assert 0.045 <= min(waited) < 0.07


async def test_after_what_took_too_long_the_next_is_answered(scoring: Scoring) -> None:
    with pytest.raises(TimeoutError):
        await scoring.score(sleeps(0.1), 0.02)
    assert (await scoring.score(fine(0.25), PATIENT_S)).probability == 0.25


@pytest.mark.parametrize("limit_s", [0.0, -1.0])
async def test_without_time_nothing_is_scored(scoring: Scoring, limit_s: float) -> None:
    with pytest.raises(TimeoutError):
        await scoring.score(fine(), limit_s)


async def test_who_gives_up_leaves_the_others_alone(scoring: Scoring) -> None:
    leaving = asyncio.create_task(scoring.score(sleeps(0.05), PATIENT_S))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert (await scoring.score(fine(), PATIENT_S)).probability == 0.5


async def test_no_value_is_changed_on_the_way(scoring: Scoring) -> None:
    odd = array("f", [0.0, 1e-40])
    assert (await scoring.score(odd, PATIENT_S)).probability == odd[1]
    missing = await scoring.score(fine(float("nan")), PATIENT_S)
    assert isnan(missing.probability)

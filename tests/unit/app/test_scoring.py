"""The scorer's process goes away, goes silent or cannot keep up, and decisions go on without it."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import scripted_scorer
from fakes import FakeModel
from scripted_scorer import dies, fine, niceness, sleeps

from app import scorer_child
from app.scoring import Scored, ScoringProcess, score
from domain.catalogue import FEATURE_NAMES
from domain.errors import ModelRefused

pytestmark = pytest.mark.anyio
PATIENT_S = 20.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "model"
    file.write_text("mdl_scripted")
    return file


def not_started(file: Path) -> ScoringProcess:
    return ScoringProcess((sys.executable, scripted_scorer.__file__, str(file)))


@pytest.fixture
async def scoring(file: Path) -> AsyncIterator[ScoringProcess]:
    process = not_started(file)
    await process.start()
    yield process
    process.close()


async def until(true: Callable[[], object], within_s: float = PATIENT_S) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.005)


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_score_in_this_process_is_the_models_own() -> None:
    model, values = FakeModel(0.25), [1.0] * len(FEATURE_NAMES)
    expected = Scored(probability=0.25, contributions=model.contributions(values))  # type: ignore[arg-type]
    assert score(model, values) == expected  # type: ignore[arg-type]


async def test_a_scorer_that_died_while_asked_refuses_and_comes_back(scoring: ScoringProcess) -> None:
    first = scoring.pid
    with pytest.raises(ModelRefused, match="ended"):
        await scoring.score(dies(), PATIENT_S)
    with pytest.raises(ModelRefused, match="started again"):
        await scoring.score(fine(), PATIENT_S)
    await until(lambda: scoring.pid not in {None, first})
    await until_it_scores(scoring)
    assert scoring.restarts == 1
    assert await scoring.probability(niceness(), PATIENT_S) == os.getpriority(os.PRIO_PROCESS, 0)


async def until_it_scores(scoring: ScoringProcess) -> None:
    async with asyncio.timeout(PATIENT_S):
        while True:
            try:
                assert (await scoring.score(fine(), PATIENT_S)).probability == 0.5
                return
            except ModelRefused:
                await asyncio.sleep(0.01)


async def test_a_model_is_loaded_behind_everything_else(scoring: ScoringProcess) -> None:
    assert await scoring.probability(niceness(), PATIENT_S) == 19


async def test_payments_that_wait_for_a_model_have_it_loaded_at_once(file: Path) -> None:
    process = not_started(file)
    await process.start(urgently=True)
    nice = await process.probability(niceness(), PATIENT_S)
    process.close()
    assert nice == os.getpriority(os.PRIO_PROCESS, 0)


async def test_killed_while_many_wait_it_refuses_all_of_them(scoring: ScoringProcess) -> None:
    waiting = [asyncio.create_task(scoring.score(sleeps(30), PATIENT_S)) for _ in range(10)]
    await asyncio.sleep(0.05)
    assert scoring.pid
    os.kill(scoring.pid, signal.SIGKILL)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, ModelRefused) for result in results)
    await until_it_scores(scoring)


async def test_killed_while_nobody_asks_it_comes_back(scoring: ScoringProcess) -> None:
    first = scoring.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await until(lambda: scoring.restarts)
    await until_it_scores(scoring)
    assert not runs(first)


async def test_each_death_soon_after_a_start_doubles_the_pause(scoring: ScoringProcess) -> None:
    pauses = []
    for _ in range(2):
        with pytest.raises(ModelRefused):
            await scoring.score(dies(), PATIENT_S)
        began = time.monotonic()
        await until_it_scores(scoring)
        pauses.append(time.monotonic() - began)
    assert pauses[0] >= 0.1
    assert pauses[1] >= 0.2


async def test_a_scorer_that_stands_still_is_ended_and_started_anew(
    scoring: ScoringProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scorer_child, "SILENCE_S", 0.2)
    first, began = scoring.pid, time.monotonic()
    assert first
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(ModelRefused, match="said nothing"):
        await scoring.score(fine(), PATIENT_S)
    assert time.monotonic() - began < 1
    await until_it_scores(scoring)
    assert (scoring.restarts, runs(first)) == (1, False)


async def test_a_scorer_that_answers_some_is_not_silent(
    scoring: ScoringProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scorer_child, "SILENCE_S", 0.5)
    await asyncio.gather(*(scoring.score(sleeps(0.05), PATIENT_S) for _ in range(20)))
    assert scoring.restarts == 0


async def test_a_busy_loop_is_no_silence(scoring: ScoringProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer_child, "SILENCE_S", 0.1)
    asked = asyncio.create_task(scoring.score(fine(), PATIENT_S))
    await asyncio.sleep(0)
    time.sleep(0.3)  # the loop stands still
    assert (await asked).probability == 0.5
    assert scoring.restarts == 0


async def test_an_answer_that_lies_there_is_in_time(scoring: ScoringProcess) -> None:
    asked = asyncio.create_task(scoring.score(fine(), 0.05))
    await asyncio.sleep(0)
    time.sleep(0.2)  # the loop stands still
    assert (await asked).probability == 0.5


async def test_no_more_wait_than_agreed(scoring: ScoringProcess) -> None:
    asked = [asyncio.create_task(scoring.score(sleeps(0.5), 0.2)) for _ in range(256)]
    await asyncio.sleep(0)
    with pytest.raises(ModelRefused, match="256"):
        await scoring.score(fine(), 0.2)
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(result, TimeoutError) for result in results)


async def test_without_a_model_it_says_what_the_scorer_says(tmp_path: Path) -> None:
    process = not_started(tmp_path / "nothing")
    with pytest.raises(ModelRefused, match=r"There is no model in .*nothing. Train one."):
        await process.start()
    assert process.pid is None


async def test_a_scorer_that_is_never_ready_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer_child, "START_S", 0.1)
    file.write_text("hang")
    with pytest.raises(ModelRefused, match="not ready"):
        await not_started(file).start()


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("/nowhere/python",), "cannot be started"),
        ((sys.executable, "-c", "pass"), "ended"),
        ((sys.executable, "-c", "import os, sys; os.write(int(sys.argv[1]), b'hi')"), "greeting"),
    ],
)
async def test_what_is_no_scorer_is_refused(command: tuple[str, ...], told: str) -> None:
    with pytest.raises(ModelRefused, match=told):
        await ScoringProcess(command).start()


async def test_another_model_is_not_taken_up_halfway(
    scoring: ScoringProcess, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text("mdl_other")
    with pytest.raises(ModelRefused):
        await scoring.score(dies(), PATIENT_S)
    await until(lambda: scoring.restarts > 1)
    with pytest.raises(ModelRefused):
        await scoring.score(fine(), PATIENT_S)
    assert "mdl_other instead of mdl_scripted" in caplog.text
    file.write_text("mdl_scripted")
    await until_it_scores(scoring)


async def test_closing_ends_the_scorer_and_refuses_who_waits(scoring: ScoringProcess) -> None:
    waiting = asyncio.create_task(scoring.score(sleeps(30), PATIENT_S))
    await asyncio.sleep(0.02)
    pid = scoring.pid
    scoring.close()
    with pytest.raises(ModelRefused):
        await waiting
    assert pid
    assert not runs(pid)
    with pytest.raises(ModelRefused):
        await scoring.score(fine(), PATIENT_S)
    scoring.close()


async def test_closing_while_it_is_started_again_leaves_nothing(scoring: ScoringProcess) -> None:
    with pytest.raises(ModelRefused):
        await scoring.score(dies(), PATIENT_S)
    await until(lambda: scoring.restarts)  # a new one is loading
    pid = scoring.pid
    scoring.close()
    await asyncio.sleep(0.05)
    assert pid
    assert not runs(pid)
    assert scoring.restarts == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_all_leaves_it_to_the_api_to_end(
    scoring: ScoringProcess, number: signal.Signals
) -> None:
    assert scoring.pid
    os.kill(scoring.pid, number)
    assert (await scoring.score(fine(), PATIENT_S)).probability == 0.5
    assert scoring.restarts == 0

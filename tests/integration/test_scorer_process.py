"""The real scorer with a real model, in a process of its own."""

import asyncio
import json
import os
import subprocess
import sys
import time
from array import array
from collections.abc import AsyncIterator
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pytest
import uvloop
from small_model import MODEL_KEY, MODEL_KEY_HEX, write_small_model
from waiting import eventually

from app.scoring import ScoringProcess, score
from deploy.bench.figures.percentile import percentile
from domain.catalogue import FEATURE_NAMES
from domain.errors import ModelRefused
from domain.model_key import VARIABLE
from scoring.scorer import SEAL_FILE, SIGNATURE_FILE, Scorer
from scoring.signature import seal_of

pytestmark = pytest.mark.anyio
SIZE = len(FEATURE_NAMES)
PATIENT_S = 20.0
ALONE = """
import asyncio, sys, time
from pathlib import Path
from app.scoring import ScoringProcess
async def main():
    scoring = ScoringProcess.of(Path(sys.argv[1]))
    await scoring.start()
    print(scoring.pid, flush=True)
    time.sleep(60)
asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def known_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, MODEL_KEY_HEX)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_model(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture
async def scoring(folder: Path) -> AsyncIterator[ScoringProcess]:
    process = ScoringProcess.of(folder)
    await process.start()
    yield process
    process.close()


def vectors(count: int) -> list["array[float]"]:
    """Usual values, extreme ones and missing ones."""
    random = np.random.default_rng(11)
    rows = random.normal(0, 1, (count, SIZE)) * 10.0 ** random.integers(-6, 7, (count, SIZE))
    rows[random.random((count, SIZE)) < 0.2] = np.nan
    return [array("f", row) for row in rows.astype(np.float32).tolist()]


def threads_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


async def test_it_says_what_the_scorer_says_in_this_process(scoring: ScoringProcess, folder: Path) -> None:
    here = Scorer.load(folder, MODEL_KEY)
    assert (scoring.version, scoring.kind, scoring.thresholds) == (here.version, here.kind, here.thresholds)
    for values in vectors(200):
        assert await scoring.score(values, PATIENT_S) == score(here, values)


async def test_infinities_score_as_they_do_in_this_process(scoring: ScoringProcess, folder: Path) -> None:
    here = Scorer.load(folder, MODEL_KEY)
    for value in (float("inf"), float("-inf"), 0.0, -0.0, 1e-40):
        values = array("f", [value] * SIZE)
        assert await scoring.score(values, PATIENT_S) == score(here, values)


async def test_a_vector_of_another_size_is_refused_and_spoils_nothing(scoring: ScoringProcess) -> None:
    with pytest.raises(ModelRefused, match=f"{SIZE} features is needed, got 3"):
        await scoring.score(array("f", [1.0] * 3), PATIENT_S)
    await scoring.score(vectors(1)[0], PATIENT_S)
    assert scoring.restarts == 0


async def test_a_folder_without_a_model_is_told_as_the_scorer_tells_it(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused) as here:
        Scorer.load(tmp_path, MODEL_KEY)
    with pytest.raises(ModelRefused) as there:
        await ScoringProcess.of(tmp_path).start()
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize("content", [b"", b"garbage", json.dumps({"version": "mdl_a"}).encode()])
async def test_garbage_for_a_signature_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / SIGNATURE_FILE).write_bytes(content)
    (tmp_path / SEAL_FILE).write_text(seal_of(content, MODEL_KEY))
    with pytest.raises(ModelRefused, match=rf"{SIGNATURE_FILE} cannot be read.*Train a new model"):
        await ScoringProcess.of(tmp_path).start()


async def test_without_the_key_no_model_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(ModelRefused, match=f"{VARIABLE} is not set"):
        await ScoringProcess.of(folder).start()


async def test_with_another_key_no_model_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "ff" * 32)
    with pytest.raises(ModelRefused, match="sealed with another key"):
        await ScoringProcess.of(folder).start()


async def test_a_probability_alone_is_the_scorers(scoring: ScoringProcess, folder: Path) -> None:
    here = Scorer.load(folder, MODEL_KEY)
    for values in vectors(50):
        assert await scoring.probability(values, PATIENT_S) == here.score(values)


async def test_it_is_as_nice_as_the_api_and_has_one_thread(scoring: ScoringProcess) -> None:
    assert scoring.pid
    await scoring.score(vectors(1)[0], PATIENT_S)
    assert os.getpriority(os.PRIO_PROCESS, scoring.pid) == os.getpriority(os.PRIO_PROCESS, 0)
    assert threads_of(scoring.pid) == 1


def test_it_ends_with_an_api_that_was_killed(folder: Path) -> None:
    with subprocess.Popen((sys.executable, "-c", ALONE, str(folder)), stdout=subprocess.PIPE) as api:
        assert api.stdout
        child = Path("/proc") / api.stdout.readline().decode().strip()
        assert child.exists()
        api.kill()
    eventually(lambda: not child.exists() or "\nState:\tZ" in (child / "status").read_text())


def test_on_the_apis_own_loop_it_scores_too(folder: Path) -> None:
    async def main() -> tuple[float, float]:
        scoring = ScoringProcess.of(folder)
        await scoring.start()
        values = vectors(1)[0]
        scored = await scoring.score(values, PATIENT_S)
        scoring.close()
        return scored.probability, Scorer.load(folder, MODEL_KEY).score(values)

    there, here = uvloop.run(main())
    assert there == here


@pytest.mark.bench
def test_what_a_score_costs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """FAREGATE_MODEL_DIR names a model of a useful size; the small one says what the way there costs."""
    figures = uvloop.run(_cost(Path(os.environ.get("FAREGATE_MODEL_DIR", folder))))
    with capsys.disabled():
        sys.stdout.write(f"{json.dumps(figures)}\n")
    assert figures["round_trip_us_p50"] < 2_000


async def _cost(folder: Path, count: int = 2_000, every_s: float = 0.002) -> dict[str, float]:
    """At an even pace, as payments come, and not one upon the other."""
    scoring = ScoringProcess.of(folder)
    began = time.monotonic()
    await scoring.start()
    started_s = time.monotonic() - began
    rows = vectors(count)
    took_us = []
    idle_s = await _cpu_of_waiting(count, every_s)
    before = _cpu_s()
    for values in rows:
        await asyncio.sleep(every_s)
        asked = time.perf_counter()
        await scoring.score(values, PATIENT_S)
        took_us.append((time.perf_counter() - asked) * 1e6)
    cpu_s = _cpu_s() - before - idle_s
    alone_us = []
    for values in rows:
        await asyncio.sleep(every_s)
        asked = time.perf_counter()
        await scoring.probability(values, PATIENT_S)
        alone_us.append((time.perf_counter() - asked) * 1e6)
    rollup = Path(f"/proc/{scoring.pid}/smaps_rollup").read_text()
    [pss_kib] = [int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")]
    scoring.close()
    return {
        "start_ms": round(started_s * 1e3, 1),
        "round_trip_us_p50": percentile(took_us, 0.5, 1) or 0.0,
        "round_trip_us_p99": percentile(took_us, 0.99, 1) or 0.0,
        "without_reasons_us_p50": percentile(alone_us, 0.5, 1) or 0.0,
        "parent_cpu_us": round(cpu_s / count * 1e6, 1),
        "child_pss_mib": round(pss_kib / 1024, 1),
    }


async def _cpu_of_waiting(count: int, every_s: float) -> float:
    before = _cpu_s()
    for _ in range(count):
        await asyncio.sleep(every_s)
    return _cpu_s() - before


def _cpu_s() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

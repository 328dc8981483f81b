from pathlib import Path

import numpy as np
import pytest
import xgboost

from scoring.compile import compile_model
from scoring.dataset import Dataset
from scoring.scorer import BOOSTER_FILE, LIBRARY_FILE, Scorer
from scoring.train import ModelReport

Interpreted = tuple[ModelReport, list[str]]


@pytest.fixture
def booster(trained: ModelReport) -> xgboost.Booster:
    return xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)


def compiler_that(does: str, folder: Path) -> Path:
    path = folder / "gcc"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return path


def test_a_compiler_makes_a_library(trained: ModelReport) -> None:
    assert Scorer.load(trained.folder).kind == "compiled"
    assert trained.signature.compiler.endswith("-O1")


def test_no_compiler_is_no_obstacle(interpreted: Interpreted) -> None:
    report, said = interpreted
    assert Scorer.load(report.folder).kind == "interpreter"
    assert report.signature.compiler == "none: no gcc, cc, clang on PATH"
    assert not (report.folder / LIBRARY_FILE).exists()
    assert any("treelite's interpreter scores" in line for line in said)


def test_both_scorers_answer_alike(interpreted: Interpreted, trained: ModelReport, rows: Dataset) -> None:
    compiled, interpreter = Scorer.load(trained.folder), Scorer.load(interpreted[0].folder)
    assert compiled.version == interpreter.version
    for row in rows.vectors[:300]:
        assert compiled.score(row) == pytest.approx(interpreter.score(row), abs=1e-6)
        assert compiled.contributions(row) == interpreter.contributions(row)
    nothing = np.full(rows.vectors.shape[1], np.nan, np.float32)
    assert compiled.score(nothing) == pytest.approx(interpreter.score(nothing), abs=1e-6)


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("echo 'x.c:1: fatal error: stdio.h: No such file' >&2; exit 1", "fatal error: stdio.h"),
        ("exit 3", "no message"),
    ],
)
def test_a_compiler_that_fails_is_no_obstacle(
    booster: xgboost.Booster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, reason: str
) -> None:
    compiler_that(does, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = compile_model(booster, tmp_path)
    assert found.kind == "interpreter"
    assert reason in found.compiler
    assert not (tmp_path / LIBRARY_FILE).exists()


def test_a_compiler_that_never_ends_is_no_obstacle(
    booster: xgboost.Booster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler_that("exec /bin/sleep 60", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("scoring.compile.STEP_SECONDS_MAX", 2)
    assert "took more than 2 s" in compile_model(booster, tmp_path).compiler


def test_a_compiler_that_cannot_be_run_is_no_obstacle(
    booster: xgboost.Booster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler_that("", tmp_path).write_bytes(b"\x7fELF not really")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "cannot be run" in compile_model(booster, tmp_path).compiler

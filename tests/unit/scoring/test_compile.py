from pathlib import Path

import numpy as np
import pytest
import xgboost
from small_model import MODEL_KEY

from scoring.booster_trees import exact_margins
from scoring.compile import compile_model
from scoring.dataset import Dataset
from scoring.scorer import BOOSTER_FILE, CHECKPOINT_FILE, LIBRARY_FILE, Scorer
from scoring.train import ModelReport
from scoring.trees import CompiledTrees, InterpretedTrees

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
    assert Scorer.load(trained.folder, MODEL_KEY).kind == "compiled"
    assert trained.signature.compiler.endswith("-O1")


def test_no_compiler_is_no_obstacle(interpreted: Interpreted) -> None:
    report, said = interpreted
    assert Scorer.load(report.folder, MODEL_KEY).kind == "interpreter"
    assert report.signature.compiler == "none: no gcc, cc, clang on PATH"
    assert not (report.folder / LIBRARY_FILE).exists()
    assert any("treelite's interpreter scores" in line for line in said)


def test_both_scorers_answer_alike(interpreted: Interpreted, trained: ModelReport, rows: Dataset) -> None:
    compiled, interpreter = (
        Scorer.load(trained.folder, MODEL_KEY),
        Scorer.load(interpreted[0].folder, MODEL_KEY),
    )
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


def test_whole_numbers_decide_alike_away_from_the_borders(
    booster: xgboost.Booster, rows: Dataset, tmp_path: Path
) -> None:
    assert compile_model(booster, tmp_path, quantise=True).kind == "compiled"
    library = tmp_path / LIBRARY_FILE
    quantised = CompiledTrees(library.read_bytes(), rows.vectors.shape[1], where=library)
    vectors = np.floor(rows.vectors[:500]) + np.float32(0.25)  # tl2cgen prints borders with 8 digits of 9
    assert quantised.many(vectors) == pytest.approx(exact_margins(booster, vectors), abs=1e-6)


def test_the_interpreter_adds_up_in_double_too(
    booster: xgboost.Booster, interpreted: Interpreted, rows: Dataset
) -> None:
    file = interpreted[0].folder / CHECKPOINT_FILE
    trees = InterpretedTrees(file.read_bytes(), rows.vectors.shape[1], where=file)
    vectors = rows.vectors[:1_000]
    assert trees.many(vectors) == pytest.approx(exact_margins(booster, vectors), abs=2e-7)


def test_many_rows_score_exactly_as_one_by_one(trained: ModelReport, rows: Dataset) -> None:
    scorer = Scorer.load(trained.folder, MODEL_KEY)
    assert scorer.scores(rows.vectors[:300]).tolist() == pytest.approx(
        [scorer.score(row) for row in rows.vectors[:300]], rel=1e-15
    )


def test_rows_of_another_width_are_refused(trained: ModelReport, rows: Dataset) -> None:
    with pytest.raises(ValueError, match="features are needed"):
        Scorer.load(trained.folder, MODEL_KEY).scores(rows.vectors[:5, :-1])

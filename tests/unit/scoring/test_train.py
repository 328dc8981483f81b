from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import xgboost

from domain.catalogue import FEATURES
from scoring import train as training
from scoring.calibration import apply
from scoring.dataset import Dataset, TrainingSetRefused, split_by_time
from scoring.scorer import BOOSTER_FILE, Scorer
from scoring.train import ModelReport, fit, train


def test_it_learns(trained: ModelReport) -> None:
    assert trained.signature.metrics["pr_auc"] > 0.5
    assert trained.signature.data["test_rows"] == 600
    assert 10 < trained.trees <= training.TREES


def test_the_scorer_answers_as_xgboost_does_on_new_payments(trained: ModelReport, rows: Dataset) -> None:
    booster = xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)
    scorer = Scorer.load(trained.folder)
    margins = booster.inplace_predict(rows.vectors[-500:], predict_type="margin", missing=np.nan)
    expected = apply(trained.signature.calibration, margins)
    assert [scorer.score(row) for row in rows.vectors[-500:]] == pytest.approx(expected, abs=1e-5)


def test_training_twice_gives_the_same_model(
    trained: ModelReport, training_set: Path, tmp_path: Path
) -> None:
    assert train(training_set, tmp_path / "again", on_progress=lambda _: None).version == trained.version


def test_what_comes_later_changes_no_tree(rows: Dataset) -> None:
    split = split_by_time(rows)
    booster = fit(split)
    other = replace(split.test, labels=1 - split.test.labels, vectors=-split.test.vectors)
    assert fit(replace(split, test=other)).save_raw() == booster.save_raw()


def test_fraud_that_is_easy_to_see_still_gets_its_trees(rows: Dataset) -> None:
    labels = (rows.vectors[:, 4] > 8).astype(np.int8)
    booster = fit(split_by_time(replace(rows, labels=labels)))
    assert booster.num_boosted_rounds() == training.TREES_MIN


def test_risk_moves_only_the_way_the_catalogue_says(trained: ModelReport, rows: Dataset) -> None:
    scorer = Scorer.load(trained.folder)
    for index, feature in enumerate(FEATURES):
        if not feature.risk:
            continue
        vector = rows.vectors[5].copy()
        scores = []
        for value in (0, 1, 3, 10, 100):
            vector[index] = value
            scores.append(feature.risk * scorer.score(vector))
        assert scores == sorted(scores), feature.name


def test_progress_tells_the_steps(training_set: Path, tmp_path: Path) -> None:
    said: list[str] = []
    report = train(training_set, tmp_path / "model", on_progress=said.append)
    assert said[0].startswith("training on 2,800 payments")
    assert said[-1] == f"verified on 10,000 rows: {report.version}"


def test_a_set_that_cannot_teach_leaves_the_old_model(
    model: Path, table: pa.Table, write: Callable[[pa.Table], Path]
) -> None:
    before = Scorer.load(model).version
    with pytest.raises(TrainingSetRefused):
        train(write(table.drop_columns(["label"])), model, on_progress=lambda _: None)
    assert Scorer.load(model).version == before

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import xgboost
from small_model import MODEL_KEY

from domain.catalogue import FEATURES
from scoring.calibration import apply
from scoring.compress.recipe import TREES
from scoring.dataset import Dataset, TrainingSetRefused, split_by_time
from scoring.finish import margins_of
from scoring.metrics import average_precision
from scoring.scorer import BOOSTER_FILE, Scorer
from scoring.train import ModelReport, fit, refit, train


def test_it_learns(trained: ModelReport) -> None:
    assert trained.signature.metrics["pr_auc"] > 0.5
    assert trained.signature.data["test_rows"] == 600
    assert trained.trees == TREES


def test_the_scorer_answers_as_xgboost_does_on_new_payments(trained: ModelReport, rows: Dataset) -> None:
    booster = xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)
    scorer = Scorer.load(trained.folder, MODEL_KEY)
    margins = booster.inplace_predict(rows.vectors[-500:], predict_type="margin", missing=np.nan)
    expected = apply(trained.signature.calibration, margins)
    assert [scorer.score(row) for row in rows.vectors[-500:]] == pytest.approx(expected, abs=1e-5)


def test_training_twice_gives_the_same_model(
    trained: ModelReport, training_set: Path, tmp_path: Path
) -> None:
    assert (
        train(training_set, tmp_path / "again", key=MODEL_KEY, on_progress=lambda _: None).version
        == trained.version
    )


def test_what_comes_later_changes_no_tree(rows: Dataset) -> None:
    split = split_by_time(rows)
    booster = fit(split)
    later = {
        name: replace(part, labels=1 - part.labels, vectors=-part.vectors)
        for name, part in (("validation", split.validation), ("test", split.test))
    }
    assert fit(replace(split, **later)).save_raw() == booster.save_raw()


def test_fraud_that_is_easy_to_see_gets_no_fewer_trees(rows: Dataset) -> None:
    labels = (rows.vectors[:, 4] > 8).astype(np.int8)
    booster = fit(split_by_time(replace(rows, labels=labels)))
    assert booster.num_boosted_rounds() == TREES


def test_risk_moves_only_the_way_the_catalogue_says(trained: ModelReport, rows: Dataset) -> None:
    scorer = Scorer.load(trained.folder, MODEL_KEY)
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
    report = train(training_set, tmp_path / "model", key=MODEL_KEY, on_progress=said.append)
    assert said[0].startswith("training on 2,800 payments")
    assert said[-1] == f"verified on 10,000 rows: {report.version}"


def test_a_set_that_cannot_teach_leaves_the_old_model(
    model: Path, table: pa.Table, write: Callable[[pa.Table], Path]
) -> None:
    before = Scorer.load(model, MODEL_KEY).version
    with pytest.raises(TrainingSetRefused):
        train(write(table.drop_columns(["label"])), model, key=MODEL_KEY, on_progress=lambda _: None)
    assert Scorer.load(model, MODEL_KEY).version == before


@pytest.fixture(scope="module")
def base(rows: Dataset) -> xgboost.Booster:
    return fit(split_by_time(rows))


def test_a_refit_puts_a_few_trees_on_top_and_leaves_the_base(base: xgboost.Booster, rows: Dataset) -> None:
    before = base.save_raw()
    refitted = refit(base, rows.take(slice(3_000, 4_000)), trees=15)
    assert refitted.num_boosted_rounds() == base.num_boosted_rounds() + 15
    assert base.save_raw() == before
    assert refitted[: base.num_boosted_rounds()].get_dump() == base.get_dump()


def test_a_refit_learns_what_is_new(base: xgboost.Booster, rows: Dataset) -> None:
    recent = rows.take(slice(2_000, 4_000))
    new = recent.vectors[:, 3] > 9
    taught = replace(recent, labels=np.where(new, 1, recent.labels).astype(np.int8))
    refitted = refit(base, taught.take(slice(0, 1_500)), trees=30)
    before, after = (margins_of(model, taught.vectors[1_500:])[new[1_500:]] for model in (base, refitted))
    assert np.median(after) > np.median(before) + 1


def test_a_refit_keeps_to_the_directions_of_risk(base: xgboost.Booster, rows: Dataset) -> None:
    risky = next(i for i, feature in enumerate(FEATURES) if feature.risk == 1)
    turned = replace(rows, labels=(rows.vectors[:, risky] < 1).astype(np.int8))
    refitted = refit(base, turned.take(slice(0, 1_000)), trees=20)
    grid = np.repeat(rows.vectors[5:6], 30, axis=0)
    grid[:, risky] = np.arange(30)
    assert np.all(np.diff(margins_of(refitted, grid)) >= -1e-6)


def test_a_refit_on_one_class_is_refused(base: xgboost.Booster, rows: Dataset) -> None:
    with pytest.raises(TrainingSetRefused, match="The recent part has honest payments only"):
        refit(base, rows.take(rows.labels == 0), trees=5)


def test_a_row_without_weight_teaches_nothing(rows: Dataset) -> None:
    odd = np.arange(len(rows)) % 2 == 1
    wrong = replace(rows, labels=np.where(odd, 1 - rows.labels, rows.labels).astype(np.int8))
    light = replace(wrong, weights=np.where(odd, 0.0, 1.0).astype(np.float32))
    unmoved, misled = (margins_of(fit(split_by_time(each)), rows.vectors) for each in (light, wrong))
    assert average_precision(rows.labels, unmoved) > average_precision(rows.labels, misled) + 0.2


def test_a_leaking_set_is_refused_and_the_old_model_stays(
    model: Path, table: pa.Table, write: Callable[[pa.Table], Path]
) -> None:
    before = Scorer.load(model, MODEL_KEY).version
    leaking = table.set_column(0, table.column_names[0], table["label"].cast("float32"))
    with pytest.raises(TrainingSetRefused, match="alone tells fraud"):
        train(write(leaking), model, key=MODEL_KEY, on_progress=lambda _: None)
    assert Scorer.load(model, MODEL_KEY).version == before


def test_a_model_knows_what_its_window_looked_like(trained: ModelReport) -> None:
    files = trained.signature.files
    assert "reference.json" in files
    assert (trained.folder / "reference.json").stat().st_size > 1_000
    assert trained.signature.golden

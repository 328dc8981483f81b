import numpy as np
import pytest
import xgboost
from small_model import MODEL_KEY

from domain.errors import ModelRefused
from scoring.dataset import Dataset
from scoring.scorer import BOOSTER_FILE, FLOAT32_MAX, Scorer
from scoring.train import ModelReport
from scoring.verify import DIFFERENCE_MAX, verification_rows, verify


@pytest.fixture
def booster(trained: ModelReport) -> xgboost.Booster:
    return xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)


def test_a_true_copy_passes(trained: ModelReport) -> None:
    assert trained.verification.rows == 10_000
    assert trained.verification.difference_max < DIFFERENCE_MAX
    assert trained.verification.unexplained_max < 1e-5


def test_hostile_rows_are_among_those_tried(booster: xgboost.Booster, rows: Dataset) -> None:
    tried = verification_rows(booster, rows.vectors, rows=1_200)
    assert np.isnan(tried[0]).all()
    assert (tried == FLOAT32_MAX).any()
    assert (tried == -FLOAT32_MAX).any()
    assert not np.isinf(tried).any()
    own = {row.tobytes() for row in rows.vectors}
    unseen = [row for row in tried if row.tobytes() not in own]
    assert 500 < len(unseen) < 700


def test_the_datas_own_rows_are_not_changed(booster: xgboost.Booster, rows: Dataset) -> None:
    before = rows.vectors.copy()
    verification_rows(booster, rows.vectors, rows=600)
    assert np.array_equal(before, rows.vectors, equal_nan=True)


def test_a_copy_of_another_model_is_refused(
    booster: xgboost.Booster, trained: ModelReport, rows: Dataset
) -> None:
    fewer = booster[: booster.num_boosted_rounds() - 1]
    with pytest.raises(ModelRefused, match="where XGBoost says"):
        verify(Scorer.load(trained.folder, MODEL_KEY), fewer, rows.vectors, rows=600)


def test_an_answer_that_is_no_number_is_refused(
    booster: xgboost.Booster, trained: ModelReport, rows: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = Scorer.load(trained.folder, MODEL_KEY)
    monkeypatch.setattr(scorer, "score", lambda _: float("nan"))
    with pytest.raises(ModelRefused, match="model says nan"):
        verify(scorer, booster, rows.vectors, rows=600)

from dataclasses import replace

import numpy as np
import pytest
from dataset_factories import a_dataset
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from scoring.baselines.logistic import Prepared, tuned_logistic

ROWS = a_dataset(3_000)
TRAIN, VALIDATION = ROWS.take(slice(0, 2_000)), ROWS.take(slice(2_000, 3_000))


def test_it_finds_what_is_linear_and_beats_a_plain_one() -> None:
    found = tuned_logistic(TRAIN, VALIDATION).scores(VALIDATION.vectors)
    plain = LogisticRegression(max_iter=30, tol=0.1).fit(TRAIN.vectors[:, :3], TRAIN.labels)
    ours = average_precision_score(VALIDATION.labels, found)
    assert ours > 0.6
    assert ours > average_precision_score(
        VALIDATION.labels, plain.decision_function(VALIDATION.vectors[:, :3])
    )


def test_the_penalty_is_that_which_serves_validation_best() -> None:
    each = {p: tuned_logistic(TRAIN, VALIDATION, penalties=[p]) for p in (1e-5, 0.01)}
    best = max(
        each,
        key=lambda p: average_precision_score(VALIDATION.labels, each[p].scores(VALIDATION.vectors)),
    )
    assert tuned_logistic(TRAIN, VALIDATION, penalties=list(each)).penalty == best


def test_absence_may_tell() -> None:
    vectors = np.zeros_like(ROWS.vectors)
    vectors[:, 6] = np.where(ROWS.labels == 1, np.nan, 1.0)
    rows = replace(ROWS, vectors=vectors)
    found = tuned_logistic(rows.take(slice(0, 2_000)), rows.take(slice(2_000, 3_000)))
    assert average_precision_score(rows.labels, found.scores(rows.vectors)) == 1.0


@pytest.mark.parametrize("value", [np.nan, 1e30, -1e30])
def test_hostile_values_give_finite_scores(value: float) -> None:
    prepared = Prepared.of(TRAIN.vectors)
    assert np.isfinite(prepared.columns(np.full((2, TRAIN.vectors.shape[1]), value, np.float32))).all()


def test_nothing_is_learned_from_later_rows_about_scale() -> None:
    prepared = Prepared.of(TRAIN.vectors)
    columns = prepared.columns(TRAIN.vectors)
    assert np.abs(columns[:, : TRAIN.vectors.shape[1]].mean(axis=0)).max() < 1e-3

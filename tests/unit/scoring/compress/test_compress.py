import numpy as np
import pytest
import xgboost

from domain.catalogue import FEATURES
from scoring.booster_trees import splits
from scoring.compress.distil import distil
from scoring.compress.matrix import matrix
from scoring.compress.prune import average_precision_of, prune, without_small_gains
from scoring.compress.recipe import SHAPE, TREES, grow
from scoring.compress.teacher import fit_teacher
from scoring.dataset import Dataset, Split, split_by_time
from scoring.train import PARAMETERS


@pytest.fixture(scope="module")
def split(rows: Dataset) -> Split:
    return split_by_time(rows)


@pytest.fixture(scope="module")
def teacher(split: Split) -> xgboost.Booster:
    return fit_teacher(split, PARAMETERS)


@pytest.fixture(scope="module")
def student(split: Split, teacher: xgboost.Booster) -> xgboost.Booster:
    return distil(teacher, split.train, PARAMETERS, trees=24)


def margins(booster: xgboost.Booster, rows: Dataset) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(booster.inplace_predict(rows.vectors, predict_type="margin", missing=np.nan))


def test_a_matrix_may_have_other_targets_than_the_labels(rows: Dataset) -> None:
    targets = np.linspace(0, 1, len(rows))
    assert matrix(rows).get_label().tolist() == rows.labels.tolist()
    assert matrix(rows, targets).get_label() == pytest.approx(targets)


def test_a_student_is_smaller_and_orders_payments_as_its_teacher_does(
    teacher: xgboost.Booster, student: xgboost.Booster, split: Split
) -> None:
    assert student.num_boosted_rounds() == 24
    assert len(splits(student)[0]) < len(splits(teacher)[0]) / 4
    ap = average_precision_of(teacher, split.test)
    assert average_precision_of(student, split.test) > 0.8 * ap
    assert np.corrcoef(margins(student, split.test), margins(teacher, split.test))[0, 1] > 0.8


def test_a_student_learns_from_its_teacher_and_not_from_labels_alone(
    student: xgboost.Booster, split: Split
) -> None:
    contrary = xgboost.train(dict(PARAMETERS), matrix(split.train, 1.0 - split.train.labels), 10)
    other = distil(contrary, split.train, PARAMETERS, trees=24)
    assert average_precision_of(other, split.test) < average_precision_of(student, split.test)


def test_pruning_cuts_splits_and_trees_and_keeps_what_counts(teacher: xgboost.Booster, split: Split) -> None:
    pruned = prune(teacher, split.train, split.validation, PARAMETERS, ap_lost_max=0.2)
    assert len(splits(pruned)[0]) < len(splits(teacher)[0])
    before = average_precision_of(teacher, split.validation)
    assert average_precision_of(pruned, split.validation) >= 0.8 * before


def test_a_model_that_bears_no_cut_stays_as_it_is(teacher: xgboost.Booster, split: Split) -> None:
    assert prune(teacher, split.train, split.validation, PARAMETERS, ap_lost_max=-1.0) is teacher


def test_the_larger_the_gain_that_is_asked_for_the_fewer_splits_stay(
    teacher: xgboost.Booster, split: Split
) -> None:
    left = [
        len(splits(without_small_gains(teacher, split.train, PARAMETERS, gain))[0])
        for gain in (0.0, 2.0, 20.0)
    ]
    assert left[0] >= left[1] > left[2]


def test_the_default_has_its_shape_and_keeps_the_constraints(rows: Dataset, split: Split) -> None:
    booster = grow(split.train, PARAMETERS)
    assert booster.num_boosted_rounds() == TREES
    assert len(splits(booster)[0]) <= TREES * (int(str(SHAPE["max_leaves"])) - 1)
    for index, feature in enumerate(FEATURES):
        vectors = np.repeat(rows.vectors[5:6], 4, axis=0)
        vectors[:, index] = [0, 1, 3, 100]
        told = feature.risk * booster.inplace_predict(vectors, predict_type="margin", missing=np.nan)
        assert not feature.risk or told.tolist() == sorted(told.tolist()), feature.name

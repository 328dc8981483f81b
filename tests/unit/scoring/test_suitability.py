from dataclasses import replace

import numpy as np
import pytest
from dataset_factories import a_dataset

from domain.catalogue import FEATURE_NAMES
from scoring.dataset import Dataset, TrainingSetRefused
from scoring.suitability import constant_features, refuse_unfit, vanished_features

ROWS = a_dataset(1_000)


def with_feature(rows: Dataset, index: int, value: float) -> Dataset:
    vectors = rows.vectors.copy()
    vectors[:, index] = value
    return replace(rows, vectors=vectors)


def test_enough_of_both_is_fit() -> None:
    refuse_unfit("The recent part", ROWS, before=ROWS)


def test_too_few_labels_are_counted() -> None:
    few = ROWS.take(slice(0, 60))
    with pytest.raises(TrainingSetRefused, match=f"{few.frauds} frauds and {60 - few.frauds} honest"):
        refuse_unfit("The recent part", few)


def test_one_class_teaches_nothing() -> None:
    with pytest.raises(TrainingSetRefused, match="The recent part has honest payments only"):
        refuse_unfit("The recent part", ROWS.take(ROWS.labels == 0))


def test_a_feature_that_vanished_is_named() -> None:
    with pytest.raises(TrainingSetRefused, match=f"no value of {FEATURE_NAMES[7]} on any row"):
        refuse_unfit("The recent part", with_feature(ROWS, 7, np.nan), before=ROWS)


def test_what_was_never_there_has_not_vanished() -> None:
    absent = with_feature(ROWS, 7, np.nan)
    assert vanished_features(absent, absent) == []


def test_what_never_varies_is_told() -> None:
    changed = with_feature(with_feature(ROWS, 3, 2.0), 5, np.nan)
    assert constant_features(changed) == [FEATURE_NAMES[3], FEATURE_NAMES[5]]
    assert constant_features(ROWS) == []

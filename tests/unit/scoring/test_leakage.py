"""A training set that knows what no decision could have known is refused, and the reason is told."""

from dataclasses import replace

import numpy as np
import pytest
from dataset_factories import a_dataset

from domain.catalogue import FEATURE_NAMES
from scoring.dataset import TrainingSetRefused, split_by_time
from scoring.leakage import SUSPICIOUS_AUC, refuse_leaks, single_feature_auc
from scoring.train import fit

ROWS = a_dataset(2_000)


def with_feature(index: int, values: np.ndarray) -> np.ndarray:
    vectors = ROWS.vectors.copy()
    vectors[:, index] = values
    return vectors


def test_an_honest_set_passes() -> None:
    refuse_leaks(ROWS)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_feature_made_of_the_label_is_named(sign: int) -> None:
    noise = np.random.default_rng(3).random(len(ROWS)) * 0.5
    leaking = replace(ROWS, vectors=with_feature(9, sign * (ROWS.labels + noise)))
    with pytest.raises(TrainingSetRefused, match=f"^{FEATURE_NAMES[9]} alone tells fraud"):
        refuse_leaks(leaking)


@pytest.mark.parametrize("missing_of", [0, 1])
def test_a_feature_that_is_missing_by_the_label_is_named(missing_of: int) -> None:
    values = np.where(ROWS.labels == missing_of, np.nan, 3.0)
    with pytest.raises(TrainingSetRefused, match=f"^{FEATURE_NAMES[4]} alone"):
        refuse_leaks(replace(ROWS, vectors=with_feature(4, values)))


def test_a_feature_made_of_the_future_is_named() -> None:
    """Chargebacks of later weeks, counted as if they were known: a few frauds had none."""
    later = ROWS.labels.astype(np.float32)
    later[np.flatnonzero(ROWS.labels)[:1]] = 0
    with pytest.raises(TrainingSetRefused, match="made of the label or of what came later"):
        refuse_leaks(replace(ROWS, vectors=with_feature(30, later)))


def test_a_label_known_before_its_decision_is_refused() -> None:
    early = ROWS.labelled_ms.copy()
    early[[4, 9]] -= 1
    with pytest.raises(TrainingSetRefused, match=r"^2 labels were known before"):
        refuse_leaks(replace(ROWS, labelled_ms=early))


def test_few_frauds_may_be_in_order_by_luck() -> None:
    few = ROWS.take(np.append(np.flatnonzero(ROWS.labels)[:10], np.flatnonzero(ROWS.labels == 0)))
    refuse_leaks(few.take(np.argsort(few.as_of_ms)))


def test_what_tells_nothing_is_at_a_half() -> None:
    assert single_feature_auc(ROWS.labels, np.full(len(ROWS), 5.0)) == pytest.approx(0.5)
    assert single_feature_auc(ROWS.labels, ROWS.labels.astype(np.float32)) == pytest.approx(1.0)
    assert single_feature_auc(ROWS.labels, ROWS.vectors[:, 0]) < SUSPICIOUS_AUC


def test_the_train_part_has_seen_no_later_payment_and_no_tree_either() -> None:
    split = split_by_time(ROWS)
    flipped = replace(split.test, labels=1 - split.test.labels)
    assert split.train.as_of_ms.max() < split.validation.as_of_ms.min()
    assert fit(replace(split, test=flipped)).save_raw() == fit(split).save_raw()

import numpy as np
import pytest
from dataset_factories import STEP_MS, a_dataset

from scoring.dataset import Dataset, TrainingSetRefused, split_by_time


def test_a_mask_indices_and_a_slice_take_the_same_rows() -> None:
    rows = a_dataset(20)
    mask = np.arange(20) % 2 == 0
    taken = [
        rows.take(which).transaction_ids.tolist() for which in (mask, np.arange(0, 20, 2), slice(0, 20, 2))
    ]
    assert taken[0] == taken[1] == taken[2] == [f"txn_{i:06d}" for i in range(0, 20, 2)]


def test_every_column_is_taken() -> None:
    rows = a_dataset(20)
    taken = rows.take(slice(5, 9))
    for name in Dataset.__dataclass_fields__:
        assert np.array_equal(getattr(taken, name), getattr(rows, name)[5:9], equal_nan=name == "vectors"), (
            name
        )


def test_a_period_begins_with_its_first_instant_and_ends_before_its_last() -> None:
    rows = a_dataset(10)
    first, last = int(rows.as_of_ms[2]), int(rows.as_of_ms[5])
    assert rows.between(first, last).as_of_ms.tolist() == [first, first + STEP_MS, first + 2 * STEP_MS]
    assert len(rows.between(None, None)) == 10


def test_parts_are_put_together_in_order_of_time() -> None:
    early, late = a_dataset(6, seed=1), a_dataset(6, seed=2, user_ids=np.full(6, "usr_with_a_longer_name"))
    both = Dataset.concat(late.take(slice(3, 6)), early.take(slice(0, 3)))
    assert np.all(np.diff(both.as_of_ms) >= 0)
    assert both.user_ids[-1] == "usr_with_a_longer_name"
    assert np.array_equal(both.vectors[0], early.vectors[0])


def test_what_was_labelled_later_is_not_known_yet() -> None:
    rows = a_dataset(4, labelled_ms=np.array([10, 40, 20, 30]), as_of_ms=np.array([1, 2, 3, 4]))
    assert rows.known_at(20).as_of_ms.tolist() == [1, 3]


def test_columns_of_other_lengths_are_a_fault() -> None:
    with pytest.raises(ValueError, match="as many rows"):
        a_dataset(10, kinds=np.full(9, ""))


def test_no_rows_cannot_be_split() -> None:
    with pytest.raises(TrainingSetRefused, match="no labelled payment"):
        split_by_time(a_dataset(10).take(slice(0, 0)))

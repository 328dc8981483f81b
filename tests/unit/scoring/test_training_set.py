from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from domain.catalogue import FEATURE_NAMES
from scoring import dataset
from scoring.dataset import Dataset, TrainingSetRefused, read, split_by_time

Write = Callable[[pa.Table], Path]


def with_column(table: pa.Table, name: str, values: object) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, pa.array(values))


def same(one: Dataset, other: Dataset) -> bool:
    pairs = [(getattr(one, name), getattr(other, name)) for name in Dataset.__dataclass_fields__]
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def test_parts_follow_each_other_in_time(rows: Dataset) -> None:
    split = split_by_time(rows)
    assert [len(split.train), len(split.validation), len(split.test)] == [2800, 600, 600]
    assert split.train.as_of_ms.max() < split.validation.as_of_ms.min()
    assert split.validation.as_of_ms.max() < split.test.as_of_ms.min()


def test_rows_come_back_in_catalogue_order_and_in_order_of_time(table: pa.Table, write: Write) -> None:
    shuffled = table.take(np.random.default_rng(3).permutation(table.num_rows))
    found = read(write(shuffled))
    assert np.all(np.diff(found.as_of_ms) > 0)
    assert np.array_equal(found.vectors[:, 7], table[FEATURE_NAMES[7]].to_numpy(), equal_nan=True)
    assert found.vectors.dtype == np.float32


def test_what_comes_later_changes_nothing_in_the_train_part(table: pa.Table, write: Write) -> None:
    before = split_by_time(read(write(table)))
    random = np.random.default_rng(5)
    later = np.arange(len(before.train), table.num_rows)
    order = np.concatenate([np.arange(len(before.train)), random.permutation(later)])
    labels = table["label"].to_numpy()[order]
    amounts = table["amount_minor"].to_numpy()[order]
    changed = with_column(with_column(table, "label", labels), "amount_minor", amounts)
    changed = with_column(changed, FEATURE_NAMES[0], table[FEATURE_NAMES[0]].to_numpy()[order])
    after = split_by_time(read(write(changed)))
    assert same(before.train, after.train)
    assert not same(before.validation, after.validation)


def test_rows_of_one_instant_stay_together(table: pa.Table, write: Write) -> None:
    days = table["as_of_ms"].to_numpy() // 7_000_000 * 7_000_000
    split = split_by_time(read(write(with_column(table, "as_of_ms", days))))
    assert split.train.as_of_ms.max() < split.validation.as_of_ms.min()
    assert split.validation.as_of_ms.max() < split.test.as_of_ms.min()
    assert len(split.train) + len(split.validation) + len(split.test) == table.num_rows


def test_a_missing_column_is_named(table: pa.Table, write: Write) -> None:
    with pytest.raises(TrainingSetRefused, match="no column label"):
        read(write(table.drop_columns(["label"])))
    with pytest.raises(TrainingSetRefused, match=f"no column {FEATURE_NAMES[3]}"):
        read(write(table.drop_columns([FEATURE_NAMES[3]])))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("label", None, "rows without label"),
        ("label", 2, "labels other than 0"),
        (FEATURE_NAMES[1], np.inf, f"infinite values of {FEATURE_NAMES[1]}"),
    ],
)
def test_a_value_that_cannot_be_is_refused(
    table: pa.Table, write: Write, column: str, value: float | None, message: str
) -> None:
    values = table[column].to_pylist()
    values[10] = value
    with pytest.raises(TrainingSetRefused, match=message):
        read(write(with_column(table, column, values)))


def test_no_rows_are_refused(table: pa.Table, write: Write) -> None:
    with pytest.raises(TrainingSetRefused, match="has no rows"):
        read(write(table.slice(0, 0)))


@pytest.mark.parametrize(("label", "kind"), [(0, "honest payments"), (1, "fraud")])
def test_one_kind_of_payment_teaches_nothing(table: pa.Table, write: Write, label: int, kind: str) -> None:
    only = with_column(table, "label", np.full(table.num_rows, label, np.int8))
    with pytest.raises(TrainingSetRefused, match=f"train part has {kind} only"):
        split_by_time(read(write(only)))


def test_one_instant_cannot_be_split(table: pa.Table, write: Write) -> None:
    instant = with_column(table, "as_of_ms", np.full(table.num_rows, 1_700_000_000_000))
    with pytest.raises(TrainingSetRefused, match="no rows at all"):
        split_by_time(read(write(instant)))


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a table")
    with pytest.raises(TrainingSetRefused, match="cannot be read"):
        dataset.read(tmp_path / "notes.txt")
    with pytest.raises(TrainingSetRefused, match="cannot be read"):
        dataset.read(tmp_path / "absent.parquet")

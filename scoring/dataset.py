"""The training set: a Parquet file of vectors as they were known, split by time."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from domain.catalogue import FEATURE_NAMES
from domain.errors import FaregateError

KEYS = ("transaction_id", "as_of_ms", "amount_minor", "label")
TRAIN_SHARE = 0.70
VALIDATION_SHARE = 0.15


class TrainingSetRefused(FaregateError):
    """A training set that cannot teach anything."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Rows in order of time: vectors float32 [rows, features], the rest one value a row."""

    vectors: NDArray[np.float32]
    labels: NDArray[np.int8]
    as_of_ms: NDArray[np.int64]
    amounts_minor: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def frauds(self) -> int:
        return int(self.labels.sum())

    def between(self, from_ms: int | None, until_ms: int | None) -> "Dataset":
        start = 0 if from_ms is None else int(np.searchsorted(self.as_of_ms, from_ms))
        end = len(self) if until_ms is None else int(np.searchsorted(self.as_of_ms, until_ms))
        part = slice(start, end)
        return Dataset(
            vectors=self.vectors[part],
            labels=self.labels[part],
            as_of_ms=self.as_of_ms[part],
            amounts_minor=self.amounts_minor[part],
        )


@dataclass(frozen=True, kw_only=True)
class Split:
    train: Dataset
    validation: Dataset
    test: Dataset


def read(parquet: Path) -> Dataset:
    """Read a training set, oldest first; raises TrainingSetRefused with what is wrong and where."""
    table = _table(parquet).sort_by([("as_of_ms", "ascending"), ("transaction_id", "ascending")])
    vectors = np.column_stack([table[name].to_numpy() for name in FEATURE_NAMES]).astype(np.float32)
    _refuse_infinities(parquet, vectors)
    return Dataset(
        vectors=np.ascontiguousarray(vectors),
        labels=_labels(parquet, table),
        as_of_ms=table["as_of_ms"].to_numpy().astype(np.int64),
        amounts_minor=table["amount_minor"].to_numpy().astype(np.int64),
    )


def split_by_time(dataset: Dataset) -> Split:
    """The oldest 70 % to learn from, the next 15 % to choose by, the newest 15 % to report on.

    Rows of one instant stay on one side of a border, so no part has seen any later one.
    """
    first, second = (
        int(dataset.as_of_ms[int(len(dataset) * share)])
        for share in (TRAIN_SHARE, TRAIN_SHARE + VALIDATION_SHARE)
    )
    split = Split(
        train=dataset.between(None, first),
        validation=dataset.between(first, second),
        test=dataset.between(second, None),
    )
    for name in ("train", "validation", "test"):
        _refuse_one_class(name, getattr(split, name))
    return split


def _table(parquet: Path) -> pa.Table:
    try:
        present = set(pq.read_schema(parquet).names)
    except (OSError, pa.ArrowInvalid) as error:
        raise TrainingSetRefused(f"{parquet} cannot be read as a training set: {error}") from error
    missing = [name for name in (*KEYS, *FEATURE_NAMES) if name not in present]
    if missing:
        raise TrainingSetRefused(
            f"{parquet} has no column {', '.join(missing)}. Build the training set again."
        )
    table = pq.read_table(parquet, columns=[*KEYS, *FEATURE_NAMES])
    empty = [name for name in KEYS if table[name].null_count]
    if empty:
        raise TrainingSetRefused(
            f"{parquet} has rows without {', '.join(empty)}. Leave unlabelled payments out."
        )
    if table.num_rows == 0:
        raise TrainingSetRefused(f"{parquet} has no rows. Replay more history.")
    return table


def _labels(parquet: Path, table: pa.Table) -> NDArray[np.int8]:
    labels = table["label"].to_numpy()
    if not np.isin(labels, (0, 1)).all():
        raise TrainingSetRefused(f"{parquet} has labels other than 0 (honest) and 1 (fraud).")
    return np.asarray(labels, np.int8)


def _refuse_infinities(parquet: Path, vectors: NDArray[np.float32]) -> None:
    infinite = [FEATURE_NAMES[i] for i in np.flatnonzero(np.isinf(vectors).any(axis=0))]
    if infinite:
        raise TrainingSetRefused(f"{parquet} has infinite values of {', '.join(infinite)}; missing is NaN.")


def _refuse_one_class(name: str, part: Dataset) -> None:
    if part.frauds in (0, len(part)):
        only = "fraud" if part.frauds else "honest payments" if len(part) else "no rows at all"
        raise TrainingSetRefused(
            f"The {name} part has {only} only ({len(part)} rows). Use a longer history, with both in it."
        )

"""The training set: a Parquet file of vectors as they were known, split by time."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from domain.catalogue import FEATURE_NAMES
from domain.errors import FaregateError

KEYS = ("transaction_id", "as_of_ms", "amount_minor", "label", "user_id", "card_id", "kind")
TRAIN_SHARE = 0.70
VALIDATION_SHARE = 0.15

Strings = NDArray[np.str_]
Rows = NDArray[np.bool_] | NDArray[np.integer[Any]] | slice
PRESUMED = "presumed"  # the source of a label that nobody gave


class TrainingSetRefused(FaregateError):
    """A training set that cannot teach anything."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Payments whose truth is known, in order of time; one entry a row in every array."""

    vectors: NDArray[np.float32]  # [rows, features], in catalogue order, NaN where missing
    labels: NDArray[np.int8]  # 0 honest, 1 fraud
    as_of_ms: NDArray[np.int64]
    amounts_minor: NDArray[np.int64]
    weights: NDArray[np.float32]  # how many payments a row stands for
    transaction_ids: Strings
    user_ids: Strings
    card_ids: Strings
    kinds: Strings  # the type of fraud; empty for an honest payment and where nobody knows
    sources: Strings  # chargeback, maturity, analyst:KEY_ID, or truth (the simulator's)
    labelled_ms: NDArray[np.int64]  # when the label became known; of the simulator's truth as_of_ms

    def __post_init__(self) -> None:
        sizes = {name: len(getattr(self, name)) for name in _COLUMNS}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"every column needs as many rows as the others, got {sizes}")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def frauds(self) -> int:
        return int(self.labels.sum())

    def take(self, rows: Rows) -> "Dataset":
        """The rows of a mask, of increasing indices, or of a slice."""
        return Dataset(**{name: getattr(self, name)[rows] for name in _COLUMNS})

    def between(self, from_ms: int | None, until_ms: int | None) -> "Dataset":
        """The rows from the first instant on and before the second, by as_of_ms."""
        start = 0 if from_ms is None else int(np.searchsorted(self.as_of_ms, from_ms))
        end = len(self) if until_ms is None else int(np.searchsorted(self.as_of_ms, until_ms))
        return self.take(slice(start, end))

    def known_at(self, now_ms: int) -> "Dataset":
        """The rows whose label was known at an instant."""
        return self.take(self.labelled_ms <= now_ms)

    @staticmethod
    def concat(*parts: "Dataset") -> "Dataset":
        """The rows of all parts, in order of time."""
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
        order = np.argsort(columns["as_of_ms"], kind="stable")
        return Dataset(**{name: column[order] for name, column in columns.items()})


_COLUMNS = tuple(field.name for field in fields(Dataset))


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
    as_of_ms = table["as_of_ms"].to_numpy().astype(np.int64)
    return Dataset(
        vectors=np.ascontiguousarray(vectors),
        labels=_labels(parquet, table),
        as_of_ms=as_of_ms,
        amounts_minor=table["amount_minor"].to_numpy().astype(np.int64),
        weights=np.ones(len(as_of_ms), np.float32),
        transaction_ids=_strings(table, "transaction_id"),
        user_ids=_strings(table, "user_id"),
        card_ids=_strings(table, "card_id"),
        kinds=_strings(table, "kind"),
        sources=np.full(len(as_of_ms), "truth"),
        labelled_ms=as_of_ms,
    )


def split_by_time(dataset: Dataset) -> Split:
    """The oldest 70 % to learn from, the next 15 % to choose by, the newest 15 % to report on.

    Rows of one instant stay on one side of a border, so no part has seen any later one.
    """
    if not len(dataset):
        raise TrainingSetRefused("There is no labelled payment to learn from. Wait until some have matured.")
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
        refuse_one_class(f"The {name} part", getattr(split, name))
    return split


def refuse_one_class(name: str, part: Dataset) -> None:
    """Raises TrainingSetRefused unless `part` holds fraud and honest payments."""
    if part.frauds in (0, len(part)):
        only = "fraud" if part.frauds else "honest payments" if len(part) else "no rows at all"
        raise TrainingSetRefused(
            f"{name} has {only} only ({len(part)} rows). Use a longer history, with both in it."
        )


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


def _strings(table: pa.Table, name: str) -> Strings:
    return np.asarray(table[name].to_pylist(), np.str_)


def _labels(parquet: Path, table: pa.Table) -> NDArray[np.int8]:
    labels = table["label"].to_numpy()
    if not np.isin(labels, (0, 1)).all():
        raise TrainingSetRefused(f"{parquet} has labels other than 0 (honest) and 1 (fraud).")
    return np.asarray(labels, np.int8)


def _refuse_infinities(parquet: Path, vectors: NDArray[np.float32]) -> None:
    infinite = [FEATURE_NAMES[i] for i in np.flatnonzero(np.isinf(vectors).any(axis=0))]
    if infinite:
        raise TrainingSetRefused(f"{parquet} has infinite values of {', '.join(infinite)}; missing is NaN.")

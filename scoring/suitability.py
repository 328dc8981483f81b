"""Whether rows can teach: enough fraud, both classes, and features that still arrive and still vary."""

import numpy as np
from numpy.typing import NDArray

from domain.catalogue import FEATURE_NAMES
from scoring.dataset import Dataset, TrainingSetRefused, refuse_one_class

FRAUDS_MIN = 20
HONEST_MIN = 200
ARRIVED_BEFORE = 0.5  # of the reference's rows: a feature that is mostly missing there cannot vanish
ROWS_MIN = 100


def refuse_unfit(name: str, part: Dataset, *, before: Dataset | None = None) -> None:
    """Raises TrainingSetRefused for too few labels, for one class only, and for a feature that vanished.

    `before` is what earlier models learned from: what was there then and is missing from every row now has
    vanished.
    """
    refuse_one_class(name, part)
    honest = len(part) - part.frauds
    if part.frauds < FRAUDS_MIN or honest < HONEST_MIN:
        raise TrainingSetRefused(
            f"{name} has {part.frauds} frauds and {honest} honest payments; at least {FRAUDS_MIN} and "
            f"{HONEST_MIN} are needed. Wait for more labels."
        )
    if before is not None and (gone := vanished_features(part, before)):
        raise TrainingSetRefused(
            f"{name} has no value of {', '.join(gone)} on any row, and earlier data has. Look at the "
            "pipeline that feeds it; the model that serves stays."
        )


def vanished_features(part: Dataset, before: Dataset) -> list[str]:
    """Features that most earlier rows had and none of these has."""
    if len(part) < ROWS_MIN or not len(before):
        return []
    was_there = 1 - np.isnan(before.vectors).mean(axis=0) >= ARRIVED_BEFORE
    is_gone = np.isnan(part.vectors).all(axis=0)
    return [FEATURE_NAMES[i] for i in np.flatnonzero(was_there & is_gone)]


def constant_features(part: Dataset) -> list[str]:
    """Features with one value, or none, on every row: trees leave them aside."""
    return [name for i, name in enumerate(FEATURE_NAMES) if _is_constant(part.vectors[:, i])]


def _is_constant(values: NDArray[np.float32]) -> bool:
    missing = np.isnan(values)
    if missing.any():
        return bool(missing.all())
    return bool((values == values[0]).all()) if len(values) else True

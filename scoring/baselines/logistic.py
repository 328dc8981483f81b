"""A logistic regression given every chance: logarithms, scaled, missing values flagged, its penalty tuned."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from scoring.dataset import Dataset
from scoring.metrics import average_precision

PENALTIES = (0.003, 0.01, 0.03, 0.1, 1.0)  # sklearn's C: the inverse of the penalty's strength
STEPS = 300

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """How vectors become what a linear model can read; all of it learned from the train part."""

    low: Floats  # values are first brought into the span seen in training
    high: Floats
    filler: Floats
    mean: Floats
    scale: Floats
    flagged: NDArray[np.int64]  # features whose absence gets a column of its own

    @classmethod
    def of(cls, vectors: Vectors) -> "Prepared":
        missing = np.isnan(vectors)
        known = np.where(missing.all(axis=0), 0.0, vectors)
        low, filler, high = (np.nanquantile(known, share, axis=0) for share in (0.0, 0.5, 0.999))
        filled = np.clip(np.where(np.isnan(known), filler, known), low, high)
        columns = _widened(filled)
        return cls(
            low=low,
            high=high,
            filler=filler,
            mean=columns.mean(axis=0),
            scale=np.maximum(columns.std(axis=0), 1e-6),
            flagged=np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0)),
        )

    def columns(self, vectors: Vectors) -> Floats:
        missing = np.isnan(vectors)
        filled = np.clip(np.where(missing, self.filler, vectors), self.low, self.high)
        scaled = (_widened(filled) - self.mean) / self.scale
        return np.hstack([scaled, missing[:, self.flagged].astype(np.float64)])


@dataclass(frozen=True, kw_only=True)
class Logistic:
    prepared: Prepared
    weights: Floats
    intercept: float
    penalty: float

    def scores(self, vectors: Vectors) -> Floats:
        """Log odds of vectors [rows, features]."""
        return np.asarray(self.prepared.columns(vectors) @ self.weights + self.intercept)


def tuned_logistic(
    train: Dataset, validation: Dataset, *, penalties: Sequence[float] = PENALTIES
) -> Logistic:
    """The penalty that serves the validation part best."""
    prepared = Prepared.of(train.vectors)
    columns = prepared.columns(train.vectors)
    fitted = [_fitted(prepared, columns, train, penalty) for penalty in penalties]
    return max(fitted, key=lambda one: average_precision(validation.labels, one.scores(validation.vectors)))


def _fitted(prepared: Prepared, columns: Floats, train: Dataset, penalty: float) -> Logistic:
    model: Any = LogisticRegression(C=penalty, max_iter=STEPS, tol=1e-3)
    with warnings.catch_warnings():
        # The last digits of the weights are of no use here.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(columns, train.labels, sample_weight=train.weights)
    return Logistic(
        prepared=prepared,
        weights=model.coef_[0].astype(np.float64),
        intercept=float(model.intercept_[0]),
        penalty=penalty,
    )


def _widened(filled: NDArray[np.floating[Any]]) -> Floats:
    """Each value as it is and its logarithm, sign kept: counts, money and times span decades."""
    return np.hstack([filled, np.sign(filled) * np.log1p(np.abs(filled))]).astype(np.float64)

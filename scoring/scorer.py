"""Scores one vector; what the API loads of this package, with nothing heavy: native libraries by ctypes.

A model folder holds `model.ubj` (XGBoost), `model.tl` (treelite), `model.so` (compiled, where a C compiler
was found), perhaps `reference.json`, and `signature.json` with its seal. No library is opened before the
seal, the features and the hash of every file hold; then golden rows must score as XGBoost scored them.
"""

from array import array
from math import exp
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from domain.errors import ModelRefused
from scoring.contributions import FLOAT32_MAX, XGBoostLibrary
from scoring.signature import (
    BOOSTER_FILE,
    CHECKPOINT_FILE,
    LIBRARY_FILE,
    SEAL_FILE,
    SIGNATURE_FILE,
    TRAIN_AGAIN,
    Calibration,
    GoldenRow,
    Kind,
    Signature,
    read_files,
    read_signature,
)
from scoring.trees import CompiledTrees, InterpretedTrees, Rows, Trees, Vector

__all__ = [
    "BOOSTER_FILE",
    "CHECKPOINT_FILE",
    "FLOAT32_MAX",
    "GOLDEN_DIFFERENCE_MAX",
    "LIBRARY_FILE",
    "SEAL_FILE",
    "SIGNATURE_FILE",
    "Calibration",
    "GoldenRow",
    "Kind",
    "Scorer",
    "Signature",
    "Vector",
]
GOLDEN_DIFFERENCE_MAX = 1e-6  # in probability


class Scorer:
    """A loaded model. Every method may be called from many threads."""

    def __init__(self, *, signature: Signature, trees: Trees, shap: XGBoostLibrary) -> None:
        self.signature = signature
        self.version = signature.version
        self.kind: Kind = signature.scorer
        self.thresholds = signature.thresholds
        self._slope = signature.calibration.slope
        self._intercept = signature.calibration.intercept
        self._trees = trees
        self._shap = shap

    @classmethod
    def load(cls, folder: Path, key: bytes) -> Self:
        """Load a model folder; raises ModelRefused when it is not whole, not ours, or answers wrongly."""
        signature = read_signature(folder, key)
        files = read_files(folder, signature.files)
        scorer = cls(
            signature=signature,
            trees=_trees(folder, files, signature),
            shap=XGBoostLibrary(files[BOOSTER_FILE], len(signature.features)),
        )
        _score_golden(scorer, folder)
        return scorer

    def score(self, vector: Vector) -> float:
        """The probability of fraud of one vector: float32 in catalogue order, NaN where missing."""
        return 1.0 / (1.0 + exp(-(self._slope * self._trees(vector) + self._intercept)))

    def scores(self, rows: Rows) -> NDArray[np.float64]:
        """The probabilities of float32 rows [rows, features]."""
        margins = self._slope * self._trees.many(rows) + self._intercept
        return np.asarray(1.0 / (1.0 + np.exp(-margins)))

    def margin(self, vector: Vector) -> float:
        """The calibrated log odds of fraud."""
        return self._slope * self._trees(vector) + self._intercept

    def contributions(self, vector: Vector) -> list[float]:
        """Exact SHAP values in log odds, one a feature and the base last; their sum is `margin(vector)`."""
        values = self._shap.contributions(vector)
        values = [self._slope * value for value in values]
        values[-1] += self._intercept
        return values


def _trees(folder: Path, files: dict[str, bytes], signature: Signature) -> Trees:
    kind, name = (
        (CompiledTrees, LIBRARY_FILE)
        if signature.scorer == "compiled"
        else (InterpretedTrees, CHECKPOINT_FILE)
    )
    if name not in files:
        raise ModelRefused(f"{folder} has no {name}, which its signature needs. {TRAIN_AGAIN}")
    return kind(files[name], len(signature.features), where=folder / name)


def _score_golden(scorer: Scorer, folder: Path) -> None:
    """A model that answers otherwise here than where it was trained must not decide anything."""
    calibration = scorer.signature.calibration
    for number, row in enumerate(scorer.signature.golden):
        try:
            expected = 1.0 / (1.0 + exp(-(calibration.slope * row.margin + calibration.intercept)))
            answered = scorer.score(array("f", row.vector))
        except (ValueError, OverflowError) as error:
            raise ModelRefused(
                f"{folder} cannot score golden row {number}: {error}. {TRAIN_AGAIN}"
            ) from error
        if not abs(answered - expected) <= GOLDEN_DIFFERENCE_MAX:
            raise ModelRefused(
                f"{folder} says {answered:.9f} of golden row {number}, where it said {expected:.9f} when it "
                f"was trained. {TRAIN_AGAIN}"
            )

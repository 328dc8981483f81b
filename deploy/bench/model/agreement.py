"""How far our probabilities are from XGBoost's own, on payments and on rows that nobody pays with."""

import numpy as np
import xgboost
from numpy.typing import NDArray

from scoring.calibration import apply
from scoring.scorer import Scorer
from scoring.verify import verification_rows

AT_ONCE = 50_000
ONE_BY_ONE = 500  # of each lot


class Disagreement(AssertionError):
    """One row alone scores otherwise than among others."""


def max_abs_diff(scorer: Scorer, booster: xgboost.Booster, vectors: NDArray[np.float32], rows: int) -> float:
    """Over `rows` rows: seen ones, with values missing, of other rows, extreme, or on a border of the trees.

    All through the same library; some also alone, which must give the very same answer.
    """
    worst = 0.0
    for number, begin in enumerate(range(0, rows, AT_ONCE)):
        tried = verification_rows(booster, vectors, rows=min(AT_ONCE, rows - begin), seed=number)
        margins = booster.inplace_predict(tried, predict_type="margin", missing=np.nan)
        answered = scorer.scores(tried)
        worst = max(worst, float(np.abs(answered - apply(scorer.signature.calibration, margins)).max()))
        _check_alone(scorer, tried, answered)
    return worst


def _check_alone(scorer: Scorer, tried: NDArray[np.float32], answered: NDArray[np.float64]) -> None:
    for row, together in list(zip(tried, answered, strict=True))[:: max(1, len(tried) // ONE_BY_ONE)]:
        alone = scorer.score(row)
        if not abs(alone - together) <= 1e-12:
            raise Disagreement(f"a row scores {alone} alone and {together} among others")

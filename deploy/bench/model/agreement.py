"""How far our probabilities are from XGBoost's own, on payments and on rows that nobody pays with."""

import numpy as np
import xgboost
from msgspec import Struct
from numpy.typing import NDArray

from scoring.booster_trees import exact_margins
from scoring.calibration import apply
from scoring.scorer import Scorer
from scoring.verify import verification_rows

AT_ONCE = 50_000
ONE_BY_ONE = 500  # of each lot


class Disagreement(AssertionError):
    """One row alone scores otherwise than among others."""


class Agreement(Struct, frozen=True, kw_only=True):
    """The largest differences in probability: from XGBoost's answers, and from its leaves added up in double.

    XGBoost adds up in float32; nearly all of the first is its own rounding.
    """

    max_abs_diff: float
    max_abs_diff_in_double: float


def compared(scorer: Scorer, booster: xgboost.Booster, vectors: NDArray[np.float32], rows: int) -> Agreement:
    """Over `rows` rows: seen ones, with values missing, of other rows, extreme, or on a border of the trees.

    All through the same library; some also alone, which must give the very same answer.
    """
    from_answers = from_leaves = 0.0
    calibration = scorer.signature.calibration
    for number, begin in enumerate(range(0, rows, AT_ONCE)):
        tried = verification_rows(booster, vectors, rows=min(AT_ONCE, rows - begin), seed=number)
        margins = booster.inplace_predict(tried, predict_type="margin", missing=np.nan)
        answered = scorer.scores(tried)
        from_answers = max(from_answers, _furthest(answered, apply(calibration, margins)))
        from_leaves = max(from_leaves, _furthest(answered, apply(calibration, exact_margins(booster, tried))))
        _check_alone(scorer, tried, answered)
    return Agreement(max_abs_diff=from_answers, max_abs_diff_in_double=from_leaves)


def _furthest(some: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    return float(np.abs(some - others).max())


def _check_alone(scorer: Scorer, tried: NDArray[np.float32], answered: NDArray[np.float64]) -> None:
    for row, together in list(zip(tried, answered, strict=True))[:: max(1, len(tried) // ONE_BY_ONE)]:
        alone = scorer.score(row)
        if not abs(alone - together) <= 1e-12:
            raise Disagreement(f"a row scores {alone} alone and {together} among others")

"""No model serves before its scorer has answered as XGBoost does, on real rows and on hostile ones."""

from dataclasses import dataclass

import numpy as np
import xgboost
from numpy.typing import NDArray

from domain.errors import ModelRefused
from scoring.booster_trees import exact_margins, splits
from scoring.calibration import apply
from scoring.scorer import FLOAT32_MAX, Scorer

ROWS = 10_000
DIFFERENCE_MAX = 1e-6  # in probability
EXPLAINED_ROWS = 200
EXTREMES = (0.0, -0.0, 1.0, -1.0, 1e-40, -1e-40, 1e9, -1e9, FLOAT32_MAX, -FLOAT32_MAX)
Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Verification:
    rows: int
    difference_max: float  # in probability
    unexplained_max: float  # between the sum of contributions and the margin


def verify(scorer: Scorer, booster: xgboost.Booster, vectors: Vectors, *, rows: int = ROWS) -> Verification:
    """Compare `scorer` with `booster` row by row; raises ModelRefused on a difference above 1e-6."""
    tried = verification_rows(booster, vectors, rows=rows)
    expected = apply(scorer.signature.calibration, exact_margins(booster, tried))
    answered = np.array([scorer.score(row) for row in tried])
    differences = np.abs(answered - expected)
    unexplained = max(
        abs(sum(scorer.contributions(row)) - scorer.margin(row))
        for row in tried[:: max(1, rows // EXPLAINED_ROWS)]
    )
    worst = int(np.argmax(differences))
    if not differences[worst] <= DIFFERENCE_MAX:
        raise ModelRefused(
            f"The {scorer.kind} model says {answered[worst]:.7f} where XGBoost says {expected[worst]:.7f} "
            f"(row {worst} of {rows}; at most {DIFFERENCE_MAX} is allowed). The model was not written."
        )
    return Verification(rows=rows, difference_max=float(differences[worst]), unexplained_max=unexplained)


def verification_rows(booster: xgboost.Booster, vectors: Vectors, *, rows: int, seed: int = 7) -> Vectors:
    """Half the data's own rows; the rest with values missing, never seen together, extreme, or on a split."""
    random = np.random.default_rng(seed)
    tried = vectors[random.integers(0, len(vectors), rows)]
    sixth = rows // 6
    missing, mixed, extreme = (slice(i * sixth, (i + 1) * sixth) for i in range(3))
    tried[missing][random.random(tried[missing].shape) < 0.4] = np.nan
    for column in range(vectors.shape[1]):
        tried[mixed, column] = vectors[random.integers(0, len(vectors), sixth), column]
    _put_splits(booster, tried[mixed], random)
    some = random.random(tried[extreme].shape) < 0.3
    tried[extreme][some] = random.choice(np.array(EXTREMES, np.float32), int(some.sum()))
    tried[0] = np.nan
    return tried


def _put_splits(booster: xgboost.Booster, rows: Vectors, random: np.random.Generator) -> None:
    """Put values exactly on, and next to, the borders at which the trees turn."""
    features, borders = splits(booster)
    if not len(features):
        return
    for row in rows:
        which = random.integers(0, len(features), 8)
        nudged = np.nextafter(borders[which], random.choice(np.array([-np.inf, np.inf], np.float32), 8))
        row[features[which]] = np.where(random.random(8) < 0.5, borders[which], nudged)

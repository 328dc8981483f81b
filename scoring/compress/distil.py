"""A small student of a large teacher: it is told how sure the teacher is, and not only what was true."""

from collections.abc import Mapping

import numpy as np
import xgboost

from scoring.compress.matrix import matrix
from scoring.compress.recipe import SHAPE
from scoring.dataset import Dataset

TRUST = 0.5  # in the teacher; the rest of a target is the label, which the teacher has learned by heart


def distil(
    teacher: xgboost.Booster, rows: Dataset, parameters: Mapping[str, object], *, trees: int
) -> xgboost.Booster:
    """Trees of the default's shape, under the constraints in `parameters`; `rows` as the teacher saw."""
    told = teacher.inplace_predict(rows.vectors, missing=np.nan).astype(np.float64)
    targets = TRUST * told + (1 - TRUST) * rows.labels
    return xgboost.train({**parameters, **SHAPE}, matrix(rows, targets), num_boost_round=trees)

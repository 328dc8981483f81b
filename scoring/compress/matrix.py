"""Rows as XGBoost takes them."""

from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from domain.catalogue import FEATURE_NAMES
from scoring.dataset import Dataset


def matrix(rows: Dataset, targets: NDArray[np.floating[Any]] | None = None) -> xgboost.DMatrix:
    """Weighted vectors with their labels, or with `targets` in [0, 1] instead, one a row."""
    return xgboost.DMatrix(
        rows.vectors,
        rows.labels if targets is None else targets,
        weight=rows.weights,
        missing=np.nan,
        feature_names=list(FEATURE_NAMES),
        nthread=1,
    )

"""Rows that a model must score alike wherever it is loaded; they go with it, under its seal."""

import numpy as np
import xgboost
from numpy.typing import NDArray

from scoring.booster_trees import exact_margins
from scoring.signature import GoldenRow
from scoring.verify import verification_rows

ROWS = 36


def golden_rows(
    booster: xgboost.Booster, vectors: NDArray[np.float32], *, rows: int = ROWS
) -> list[GoldenRow]:
    """Some of the data's own vectors [rows, features], some hostile ones, with XGBoost's margins of them."""
    tried = verification_rows(booster, vectors, rows=rows)
    margins = exact_margins(booster, tried)
    return [
        GoldenRow(vector=row.astype("<f4").tobytes(), margin=float(margin))
        for row, margin in zip(tried, margins, strict=True)
    ]

"""Cuts splits that gain little, and then trees, as far as a part that no tree was fitted on allows."""

from collections.abc import Mapping

import numpy as np
import xgboost

from scoring.compress.matrix import matrix
from scoring.dataset import Dataset
from scoring.metrics import average_precision

AP_LOST_MAX = 0.01  # of the AP before, on the validation part
GAINS = (16.0, 8.0, 4.0, 2.0, 1.0, 0.5)  # a split that gained less goes
SHARES = (0.25, 0.33, 0.5, 0.67, 0.8, 0.9)  # of the trees kept


def prune(
    booster: xgboost.Booster,
    rows: Dataset,
    validation: Dataset,
    parameters: Mapping[str, object],
    *,
    ap_lost_max: float = AP_LOST_MAX,
) -> xgboost.Booster:
    """The smallest of a few cuts that keeps the AP on `validation`; `booster` itself where none does."""
    least = average_precision_of(booster, validation) * (1 - ap_lost_max)
    candidates = (without_small_gains(booster, rows, parameters, gain) for gain in GAINS)
    sparser = next(
        (found for found in candidates if average_precision_of(found, validation) >= least), booster
    )
    trees = sparser.num_boosted_rounds()
    shorter = (sparser[: max(1, round(trees * share))] for share in SHARES)
    return next((found for found in shorter if average_precision_of(found, validation) >= least), sparser)


def without_small_gains(
    booster: xgboost.Booster, rows: Dataset, parameters: Mapping[str, object], gain: float
) -> xgboost.Booster:
    """XGBoost's own pruner over every tree; `rows` only say how many features there are."""
    pruner = {"process_type": "update", "updater": "prune", "gamma": gain}
    trees = booster.num_boosted_rounds()
    with xgboost.config_context(verbosity=0):  # it warns whoever names an updater
        return xgboost.train({**parameters, **pruner}, matrix(rows), trees, xgb_model=booster)


def average_precision_of(booster: xgboost.Booster, rows: Dataset) -> float:
    """Of the booster's own order of the rows."""
    margins = booster.inplace_predict(rows.vectors, predict_type="margin", missing=np.nan)
    return average_precision(rows.labels, margins, rows.weights)

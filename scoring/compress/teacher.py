"""A model as large as the data bears, which need not serve: others learn from it, or are held against it."""

from collections.abc import Mapping

import xgboost

from scoring.compress.matrix import matrix
from scoring.dataset import Split

SHAPE: Mapping[str, object] = {
    "grow_policy": "depthwise",
    "max_leaves": 0,
    "max_depth": 6,
    "learning_rate": 0.03,
}
TREES_MOST = 600
PATIENCE = 80


def fit_teacher(split: Split, parameters: Mapping[str, object]) -> xgboost.Booster:
    """Deeper and slower than `parameters` say, as many trees as the validation part asks for."""
    booster = xgboost.train(
        {**parameters, **SHAPE},
        matrix(split.train),
        num_boost_round=TREES_MOST,
        evals=[(matrix(split.validation), "validation")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    return booster[: booster.best_iteration + 1]

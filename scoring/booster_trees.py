"""A booster's trees as XGBoost writes them in JSON: where they turn, and margins without rounding."""

import json
from math import log
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def splits(booster: xgboost.Booster) -> tuple[NDArray[np.int64], Vectors]:
    """The feature and the border of every split of every tree."""
    trees = _trees(_learner(booster))
    features = np.concatenate([np.array(tree["split_indices"], np.int64) for tree in trees])
    borders = np.concatenate([np.array(tree["split_conditions"], np.float32) for tree in trees])
    is_split = np.concatenate([np.array(tree["left_children"]) >= 0 for tree in trees])
    return features[is_split], borders[is_split]


def exact_margins(booster: xgboost.Booster, rows: Vectors) -> NDArray[np.float64]:
    """The leaves that XGBoost finds for rows [rows, features], added up in double and not in float32.

    XGBoost's own sums are up to 1e-5 off, in log odds: too much to compare others with.
    """
    learner = _learner(booster)
    matrix = xgboost.DMatrix(rows, missing=np.nan, feature_names=booster.feature_names, nthread=1)
    leaves = booster.predict(matrix, pred_leaf=True).astype(np.int64).reshape(len(rows), -1)
    margins = np.full(len(rows), _base_margin(learner))
    for tree, reached in zip(_trees(learner), leaves.T, strict=True):
        margins += np.array(tree["split_conditions"], np.float32)[reached]  # of a leaf, its weight
    return margins


def _learner(booster: xgboost.Booster) -> dict[str, Any]:
    learner: dict[str, Any] = json.loads(booster.save_raw("json"))["learner"]
    return learner


def _trees(learner: dict[str, Any]) -> list[dict[str, Any]]:
    trees: list[dict[str, Any]] = learner["gradient_booster"]["model"]["trees"]
    return trees


def _base_margin(learner: dict[str, Any]) -> float:
    share = float(learner["learner_model_param"]["base_score"].strip("[]"))
    return log(share / (1 - share))

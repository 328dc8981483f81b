"""From a training set to a model folder that may serve: fitted here, finished and verified by `finish`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import xgboost

from domain.catalogue import FEATURES
from domain.display import count
from scoring import dataset
from scoring.compress.matrix import matrix
from scoring.compress.recipe import SHAPE, grow
from scoring.dataset import Dataset, Split
from scoring.finish import ModelReport, Progress, finish
from scoring.leakage import refuse_leaks
from scoring.suitability import constant_features, refuse_unfit

__all__ = ["PARAMETERS", "ModelReport", "fit", "refit", "train"]

THREADS = 1  # a second one saves little, and waits for long where other processes work
PARAMETERS: Mapping[str, object] = {
    "objective": "binary:logistic",
    "eval_metric": "aucpr",
    "tree_method": "hist",
    "min_child_weight": 1,
    "subsample": 0.8,
    "colsample_bytree": 0.5,  # half the features a tree, and fine bins: both find more on unseen cities
    "max_bin": 1024,
    "nthread": THREADS,
    "seed": 20_240_601,
    "monotone_constraints": tuple(feature.risk for feature in FEATURES),
}


def train(parquet: Path, out: Path, *, key: bytes, on_progress: Progress) -> ModelReport:
    """Train on `parquet` and write the model folder `out`, replacing the one that stands there.

    Raises TrainingSetRefused when the set cannot teach, ModelRefused when the compiled model answers
    otherwise than XGBoost does; `out` is then as it was.
    """
    return train_on(dataset.read(parquet), out, key=key, on_progress=on_progress)


def train_on(rows: Dataset, out: Path, *, key: bytes, on_progress: Progress) -> ModelReport:
    """As `train`, on rows in memory, in order of time."""
    refuse_leaks(rows)
    split = dataset.split_by_time(rows)
    refuse_unfit("The train part", split.train)
    on_progress(f"training on {count(len(split.train))} payments, {count(split.train.frauds)} of them fraud")
    if constant := constant_features(split.train):
        on_progress(f"nothing can be learned from what never varies: {', '.join(constant)}")
    return finish(
        fit(split),
        calibrate_on=split.validation,
        measure_on=split.test,
        verify_on=rows.vectors,
        out=out,
        key=key,
        metrics={},
        data=window(split),
        on_progress=on_progress,
    )


def fit(split: Split) -> xgboost.Booster:
    """Fit on the train part alone: the later parts stay unseen, for whoever calibrates and reports.

    The number of trees is fixed: the few frauds of a validation part stop too early as often as too late.
    """
    return _single_threaded(grow(split.train, PARAMETERS))


def refit(base: xgboost.Booster, rows: Dataset, *, trees: int) -> xgboost.Booster:
    """`base` with `trees` more, fitted on `rows` under the same constraints; `base` stays as it is."""
    dataset.refuse_one_class("The recent part", rows)
    booster = xgboost.train(
        {**PARAMETERS, **SHAPE}, matrix(rows), num_boost_round=trees, xgb_model=base, verbose_eval=False
    )
    return _single_threaded(booster)


def window(split: Split) -> dict[str, int | str]:
    """From when to when the data reaches, and how much of it each part has."""
    ends = (int(split.train.as_of_ms[0]), int(split.test.as_of_ms[-1]))
    first, last = (datetime.fromtimestamp(at_ms / 1000, UTC).isoformat() for at_ms in ends)
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    sizes = {f"{name}_rows": len(part) for name, part in parts.items()}
    frauds = {f"{name}_frauds": part.frauds for name, part in parts.items()}
    return {"from": first, "to": last, **sizes, **frauds}


def _single_threaded(booster: xgboost.Booster) -> xgboost.Booster:
    booster.set_param({"nthread": THREADS})
    return booster

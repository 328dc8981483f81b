"""From a training set to a model folder that may serve: fitted, calibrated, cut, compiled and verified."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import xgboost
from numpy.typing import NDArray

from domain.catalogue import FEATURE_NAMES, FEATURES
from domain.display import count
from scoring import calibration, dataset, model_folder, thresholds
from scoring.compile import Compiled, compile_model
from scoring.dataset import Dataset, Split
from scoring.metrics import separation
from scoring.scorer import BOOSTER_FILE, Calibration, Scorer, Signature
from scoring.verify import Verification, verify

TREES = 150
TREES_MIN = PATIENCE = 40  # a fit that stops early has at least as many
THREADS = 2
PARAMETERS = {
    "objective": "binary:logistic",
    "eval_metric": "aucpr",
    "tree_method": "hist",
    "max_depth": 4,  # 150 trees of depth 4 keep an exact explanation of one decision under 0.6 ms
    "learning_rate": 0.1,
    "min_child_weight": 2,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "nthread": THREADS,
    "seed": 20_240_601,
    "monotone_constraints": tuple(feature.risk for feature in FEATURES),
}

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ModelReport:
    folder: Path
    signature: Signature
    verification: Verification
    trees: int
    seconds: float

    @property
    def version(self) -> str:
        return self.signature.version


def train(parquet: Path, out: Path, *, on_progress: Progress) -> ModelReport:
    """Train on `parquet` and write the model folder `out`, replacing the one that stands there.

    Raises TrainingSetRefused when the set cannot teach, ModelRefused when the compiled model answers
    otherwise than XGBoost does; `out` is then as it was.
    """
    began = perf_counter()
    rows = dataset.read(parquet)
    split = dataset.split_by_time(rows)
    on_progress(f"training on {count(len(split.train))} payments, {count(split.train.frauds)} of them fraud")
    booster = fit(split)
    fitted = _margins(booster, split.validation)
    map_ = calibration.calibrate(split.validation.labels, fitted)
    cuts = thresholds.choose(
        split.validation.labels, calibration.apply(map_, fitted), split.validation.amounts_minor
    )
    metrics = _measure(booster, split.test, map_)
    on_progress(
        f"{booster.num_boosted_rounds()} trees, PR-AUC {metrics['pr_auc']:.3f} on the newest payments"
    )
    with model_folder.half_written(out) as folder:
        booster.save_model(folder / BOOSTER_FILE)
        compiled = compile_model(booster, folder)
        on_progress(_how(compiled))
        signature = model_folder.write_signature(
            folder,
            compiled=compiled,
            calibration=map_,
            thresholds=cuts,
            metrics=metrics,
            data=_window(rows, split),
            trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        verification = verify(Scorer.load(folder), booster, rows.vectors)
        model_folder.publish(folder, out)
    on_progress(f"verified on {count(verification.rows)} rows: {signature.version}")
    return ModelReport(
        folder=out,
        signature=signature,
        verification=verification,
        trees=booster.num_boosted_rounds(),
        seconds=perf_counter() - began,
    )


def fit(split: Split) -> xgboost.Booster:
    """Fit on the train part; the validation part only says when to stop.

    Easy fraud is found after a few trees; `TREES_MIN` still draws the scores apart.
    """
    booster = xgboost.train(
        PARAMETERS,
        _matrix(split.train),
        num_boost_round=TREES,
        evals=[(_matrix(split.validation), "validation")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    best = booster[: max(booster.best_iteration + 1, TREES_MIN)]
    best.set_param({"nthread": THREADS})
    return best


def _matrix(part: Dataset) -> xgboost.DMatrix:
    return xgboost.DMatrix(
        part.vectors, part.labels, missing=np.nan, feature_names=list(FEATURE_NAMES), nthread=THREADS
    )


def _margins(booster: xgboost.Booster, part: Dataset) -> NDArray[np.float32]:
    return np.asarray(booster.inplace_predict(part.vectors, predict_type="margin", missing=np.nan))


def _measure(booster: xgboost.Booster, test: Dataset, map_: Calibration) -> dict[str, float]:
    probabilities = calibration.apply(map_, _margins(booster, test))
    return {
        **separation(test.labels, probabilities),
        **calibration.reliability(test.labels, probabilities),
        "trees": float(booster.num_boosted_rounds()),
    }


def _how(compiled: Compiled) -> str:
    if compiled.kind == "compiled":
        return f"compiled by {compiled.compiler}"
    return f"not compiled ({compiled.compiler}); treelite's interpreter scores, some five times slower"


def _window(rows: Dataset, split: Split) -> dict[str, int | str]:
    first, last = (datetime.fromtimestamp(int(rows.as_of_ms[i]) / 1000, UTC).isoformat() for i in (0, -1))
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    sizes = {f"{name}_rows": len(part) for name, part in parts.items()}
    frauds = {f"{name}_frauds": part.frauds for name, part in parts.items()}
    return {"from": first, "to": last, **sizes, **frauds}

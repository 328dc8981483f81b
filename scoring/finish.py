"""From a fitted booster to a model folder that may serve: calibrated, cut, compiled, sealed and verified."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import xgboost
from numpy.typing import NDArray

from domain.display import count
from domain.thresholds import Thresholds
from scoring import calibration, model_folder, thresholds
from scoring.compile import Compiled, compile_model
from scoring.dataset import Dataset, refuse_one_class
from scoring.drift import REFERENCE_FILE, reference_of
from scoring.golden import golden_rows
from scoring.metrics import separation
from scoring.scorer import Scorer
from scoring.signature import BOOSTER_FILE, Calibration, Signature
from scoring.verify import Verification, verify

Progress = Callable[[str], None]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class ModelReport:
    folder: Path
    signature: Signature
    verification: Verification
    trees: int
    seconds: float  # from calibration to the published folder

    @property
    def version(self) -> str:
        return self.signature.version


def finish(
    booster: xgboost.Booster,
    *,
    calibrate_on: Dataset,
    verify_on: Vectors,
    out: Path,
    key: bytes,
    metrics: dict[str, float],
    data: dict[str, int | str],
    on_progress: Progress,
    measure_on: Dataset | None = None,
) -> ModelReport:
    """Write the model folder `out`, replacing the one that stands there, sealed with `key`.

    `calibrate_on` are labelled rows that no tree was fitted on; `verify_on` are vectors to compare the
    compiled model on, and what drift is told against; with `measure_on` separation and calibration there join
    the metrics. Raises TrainingSetRefused when the first has one class only, ModelRefused when the compiled
    model answers otherwise than XGBoost does; `out` is then as it was.
    """
    began = perf_counter()
    refuse_one_class("The part to calibrate on", calibrate_on)
    map_, cuts = decide_by(booster, calibrate_on)
    metrics = metrics | {"trees": float(booster.num_boosted_rounds())}
    if measure_on is not None:
        metrics = metrics | measure(booster, map_, measure_on)
        on_progress(f"{metrics['trees']:.0f} trees, PR-AUC {metrics['pr_auc']:.3f} on the newest payments")
    with model_folder.half_written(out) as folder:
        booster.save_model(folder / BOOSTER_FILE)
        unseen = calibration.apply(map_, margins_of(booster, calibrate_on.vectors))
        (folder / REFERENCE_FILE).write_bytes(reference_of(verify_on, unseen))
        compiled = compile_model(booster, folder)
        on_progress(_how(compiled))
        signature = model_folder.write_signature(
            folder,
            compiled=compiled,
            calibration=map_,
            thresholds=cuts,
            metrics=metrics,
            data=data,
            trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
            golden=golden_rows(booster, verify_on),
            key=key,
        )
        verification = verify(Scorer.load(folder, key), booster, verify_on)
        model_folder.publish(folder, out)
    on_progress(f"verified on {count(verification.rows)} rows: {signature.version}")
    return ModelReport(
        folder=out,
        signature=signature,
        verification=verification,
        trees=booster.num_boosted_rounds(),
        seconds=perf_counter() - began,
    )


def decide_by(booster: xgboost.Booster, chosen_on: Dataset) -> tuple[Calibration, Thresholds]:
    """The calibration of the booster's margins and the thresholds of least cost, both of labelled rows."""
    margins = margins_of(booster, chosen_on.vectors)
    map_ = calibration.calibrate(chosen_on.labels, margins, chosen_on.weights)
    probabilities = calibration.apply(map_, margins)
    cuts = thresholds.choose(
        chosen_on.labels, probabilities, chosen_on.amounts_minor, weights=chosen_on.weights
    )
    return map_, cuts


def measure(booster: xgboost.Booster, map_: Calibration, rows: Dataset) -> dict[str, float]:
    """How well the booster separates labelled rows, and how well its calibrated probabilities hold there."""
    probabilities = calibration.apply(map_, margins_of(booster, rows.vectors))
    return {
        **separation(rows.labels, probabilities, rows.weights),
        **calibration.reliability(rows.labels, probabilities, rows.weights),
    }


def margins_of(booster: xgboost.Booster, vectors: Vectors) -> NDArray[np.float32]:
    """The booster's log odds of vectors [rows, features], before calibration."""
    return np.asarray(booster.inplace_predict(vectors, predict_type="margin", missing=np.nan))


def _how(compiled: Compiled) -> str:
    if compiled.kind == "compiled":
        return f"compiled by {compiled.compiler}"
    return f"not compiled ({compiled.compiler}); treelite's interpreter scores, some 25 times slower"

"""A model of a few trees about nothing, for tests that need one in a folder and do not care what it says."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xgboost

from domain.catalogue import FEATURE_NAMES
from domain.thresholds import Thresholds
from scoring.compile import compile_model
from scoring.golden import golden_rows
from scoring.model_folder import write_signature
from scoring.scorer import BOOSTER_FILE, Calibration

ROWS, TREES = 200, 3
MODEL_KEY = bytes(range(32))
MODEL_KEY_HEX = MODEL_KEY.hex()


def write_small_model(
    folder: Path, *, key: bytes = MODEL_KEY, seed: int = 7, beside: Mapping[str, bytes] | None = None
) -> Path:
    """Another seed, another version; `beside`: further files that the signature names."""
    folder.mkdir()
    for name, content in (beside or {}).items():
        (folder / name).write_bytes(content)
    random = np.random.default_rng(seed)
    vectors = random.random((ROWS, len(FEATURE_NAMES)), dtype=np.float32)
    labels = (vectors[:, 0] > 0.5).astype(np.int8)
    matrix = xgboost.DMatrix(vectors, labels, feature_names=list(FEATURE_NAMES))
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 2}, matrix, num_boost_round=TREES)
    booster.save_model(folder / BOOSTER_FILE)
    write_signature(
        folder,
        compiled=compile_model(booster, folder),
        calibration=Calibration(),
        thresholds=Thresholds(review=0.9, challenge=0.95, decline=0.99),
        metrics={},
        data={},
        trained_at="2026-01-01T00:00:00+00:00",
        golden=golden_rows(booster, vectors, rows=12),
        key=key,
    )
    return folder

"""Other ways to score one payment with the same trees; each starts from a list of numbers, as ours does."""

import subprocess
import sys
from array import array
from collections.abc import Callable
from pathlib import Path

import numpy as np
import treelite
import xgboost
from numpy.typing import NDArray
from treelite import gtil

from deploy.embedded.errors import StackError
from scoring.scorer import CHECKPOINT_FILE, Scorer

Values = list[float]
Call = Callable[[Values], object]


def ours(scorer: Scorer) -> Call:
    score = scorer.score
    return lambda values: score(array("f", values))


def inplace_predict(booster: xgboost.Booster) -> Call:
    """XGBoost's quickest way to score without a matrix, on one thread."""
    booster.set_param({"nthread": 1})
    return lambda values: booster.inplace_predict(_row(values), missing=np.nan)


def tl2cgen_predictor(folder: Path, scratch: Path) -> Call:
    """tl2cgen's own library and predictor, which wants a matrix of its own."""
    import tl2cgen

    library = scratch / "plain.so"
    command = [sys.executable, "-m", "deploy.bench.model.plain_library", str(folder / CHECKPOINT_FILE)]
    made = subprocess.run([*command, str(library)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise StackError(f"tl2cgen could not build its own library: {made.stderr.strip()[-300:]}")
    predictor = tl2cgen.Predictor(library, nthread=1)
    return lambda values: predictor.predict(tl2cgen.DMatrix(_row(values), dtype="float32"))


def general_tree_inference(folder: Path) -> Call:
    """treelite's interpreter."""
    model = treelite.Model.deserialize(folder / CHECKPOINT_FILE)
    return lambda values: gtil.predict(model, _row(values), nthread=1)


def _row(values: Values) -> NDArray[np.float32]:
    return np.array(values, np.float32).reshape(1, -1)

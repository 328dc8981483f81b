"""A model that answers for a trial: its trees, its calibration and where it cuts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xgboost
from numpy.typing import NDArray

from scoring import calibration, model_folder
from scoring.learning.contest import Answers
from scoring.signature import Signature, read_signature


@dataclass(frozen=True, kw_only=True)
class Contender:
    booster: xgboost.Booster
    signature: Signature

    @classmethod
    def load(cls, folder: Path, key: bytes) -> "Contender":
        """Raises ModelRefused for a folder that is not whole or that others wrote."""
        return cls(booster=model_folder.booster_of(folder, key), signature=read_signature(folder, key))

    def answers(self, vectors: NDArray[np.float32]) -> Answers:
        """`vectors` are float32 [rows, features]."""
        margins = self.booster.inplace_predict(vectors, predict_type="margin", missing=np.nan)
        return Answers(
            probabilities=calibration.apply(self.signature.calibration, np.asarray(margins)),
            thresholds=self.signature.thresholds,
        )

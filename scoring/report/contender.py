"""A way to score payments, made comparable: calibrated and cut on the same rows at the same costs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from domain.thresholds import Thresholds
from scoring import calibration, thresholds
from scoring.baselines.logistic import tuned_logistic
from scoring.baselines.rules import Rulebook, best_rules
from scoring.dataset import Dataset, Split
from scoring.finish import margins_of
from scoring.money import verdicts
from scoring.signature import Calibration

Vectors = NDArray[np.float32]
Margins = Callable[[Vectors], NDArray[np.floating[Any]]]  # log odds of vectors [rows, features]


@dataclass(frozen=True, kw_only=True)
class Contender:
    name: str  # as it stands in a report
    margins: Margins
    calibration: Calibration
    thresholds: Thresholds

    @classmethod
    def of(cls, name: str, margins: Margins, chosen_on: Dataset) -> "Contender":
        """Calibrated and cut on labelled rows that the scores were not fitted on."""
        found = margins(chosen_on.vectors)
        map_ = calibration.calibrate(chosen_on.labels, found, chosen_on.weights)
        cuts = thresholds.choose(
            chosen_on.labels,
            calibration.apply(map_, found),
            chosen_on.amounts_minor,
            weights=chosen_on.weights,
        )
        return cls(name=name, margins=margins, calibration=map_, thresholds=cuts)

    def probabilities(self, vectors: Vectors) -> NDArray[np.float64]:
        return calibration.apply(self.calibration, self.margins(vectors))

    def verdicts(self, vectors: Vectors) -> NDArray[np.int64]:
        """Places in scoring.money.MILDEST_FIRST."""
        return verdicts(self.probabilities(vectors), self.thresholds)


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The model and what it must beat, all fitted on the same rows."""

    model: Contender
    rules: Contender
    logistic: Contender
    rulebook: Rulebook

    @classmethod
    def of(cls, booster: xgboost.Booster, split: Split) -> "Contest":
        """The baselines are fitted on the train part; all are cut on the validation part."""
        rulebook = best_rules(split.train, split.validation)
        logistic = tuned_logistic(split.train, split.validation)

        def model(vectors: Vectors) -> NDArray[np.floating[Any]]:
            return margins_of(booster, vectors)

        return cls(
            model=Contender.of("model", model, split.validation),
            rules=Contender.of("best rules", rulebook.scores, split.validation),
            logistic=Contender.of("logistic regression", logistic.scores, split.validation),
            rulebook=rulebook,
        )

    @property
    def all(self) -> tuple[Contender, ...]:
        return (self.model, self.logistic, self.rules)

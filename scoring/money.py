"""What decisions cost once the truth is known, and what they saved against approving everything."""

import numpy as np
from numpy.typing import NDArray

from domain.cost import Costs
from domain.decision import Verdict
from domain.thresholds import Thresholds
from scoring.metrics import Labels, Scores, Weights

MILDEST_FIRST = (Verdict.APPROVE, Verdict.REVIEW, Verdict.CHALLENGE, Verdict.DECLINE)

Amounts = NDArray[np.int64]
Money = NDArray[np.float64]


def verdicts(probabilities: Scores, thresholds: Thresholds) -> NDArray[np.int64]:
    """Of each payment the place of its verdict in MILDEST_FIRST."""
    cuts = np.array([thresholds.review, thresholds.challenge, thresholds.decline])
    return np.searchsorted(cuts, probabilities, side="right")


def costs_minor(given: NDArray[np.int64], labels: Labels, amounts_minor: Amounts, costs: Costs) -> Money:
    """The expected cost of each payment in minor units, by its verdict's place in MILDEST_FIRST."""
    fixed, shares = (
        np.array([[costs.of(v, fraud=fraud)[part] for fraud in (False, True)] for v in MILDEST_FIRST])
        for part in (0, 1)
    )
    return np.asarray(fixed[given, labels] + shares[given, labels] * amounts_minor)


def saved_share(spent: Money, without: Money, weights: Weights | None = None) -> float:
    """The share of what fraud would have cost that was saved, all costs of stopping it taken off."""
    counted = np.ones(len(spent)) if weights is None else weights
    total = float(counted @ without)
    return 1 - float(counted @ spent) / total if total else 0.0

"""Refuses training sets that know what no decision could have known: the label itself, or the future."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from domain.catalogue import FEATURE_NAMES
from scoring.dataset import Dataset, TrainingSetRefused
from scoring.metrics import Labels

SUSPICIOUS_AUC = 0.995  # alone; the best honest feature on simulated cities stays below 0.97
FRAUDS_MIN = 30  # with fewer, a perfect order may be luck


def refuse_leaks(rows: Dataset) -> None:
    """Raises TrainingSetRefused for a label older than its decision and for a feature that tells too much."""
    early = int(np.sum(rows.labelled_ms < rows.as_of_ms))
    if early:
        raise TrainingSetRefused(
            f"{early} labels were known before the payment was decided. Look at the clock of whoever told "
            "them, and leave them out."
        )
    if rows.frauds < FRAUDS_MIN or len(rows) - rows.frauds < FRAUDS_MIN:
        return
    for index, name in enumerate(FEATURE_NAMES):
        auc = single_feature_auc(rows.labels, rows.vectors[:, index])
        if auc >= SUSPICIOUS_AUC:
            raise TrainingSetRefused(
                f"{name} alone tells fraud from honest payments (AUC {auc:.4f}); nothing known before a "
                "decision does. Look whether it is made of the label or of what came later, and build the "
                "training set again."
            )


def single_feature_auc(labels: Labels, values: NDArray[np.floating[Any]]) -> float:
    """The better of both directions, with missing values lowest or highest; 0.5 tells nothing."""
    missing = np.isnan(values)
    ways = [np.where(missing, filler, values) for filler in (-np.inf, np.inf)]
    found = [_auc(labels, way) for way in ways]
    return max(*found, *(1 - auc for auc in found))


def _auc(labels: Labels, values: NDArray[np.floating[Any]]) -> float:
    frauds = int(labels.sum())
    honest = len(labels) - frauds
    ranks = float(rankdata(values)[labels == 1].sum())
    return (ranks - frauds * (frauds + 1) / 2) / (frauds * honest)

"""Payments whose features keep to one distribution each, until a test moves one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.catalogue import FEATURE_NAMES, FEATURES
from scoring.drift import DriftFinding

Values = NDArray[np.float32]
MISSING = 0.05


def payments(rows: int, seed: int) -> tuple[Values, NDArray[np.float64]]:
    """Vectors and probabilities."""
    random = np.random.default_rng(seed)
    vectors = np.floor(random.gamma(1.2, 30, (rows, len(FEATURES)))).astype(np.float32)
    flags = [i for i, feature in enumerate(FEATURES) if feature.unit == "flag"]
    vectors[:, flags] = random.random((rows, len(flags))) < 0.1
    vectors[random.random(vectors.shape) < MISSING] = np.nan
    return vectors, random.beta(0.3, 20, rows)


def column(name: str) -> int:
    return FEATURE_NAMES.index(name)


def of(findings: Sequence[DriftFinding], subject: str) -> DriftFinding:
    (found,) = [finding for finding in findings if finding.subject == subject]
    return found


def alarms(findings: Sequence[DriftFinding]) -> dict[str, str]:
    return {finding.subject: finding.alarm for finding in findings if finding.alarm}

"""New rows beside the training window: subject by subject, how far apart and whether that is an alarm."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from domain.catalogue import FEATURES
from scoring.drift import limits, sentences
from scoring.drift.finding import DriftFinding
from scoring.drift.reference import SubjectReference, Values, binned, read_reference, subjects_of

KNOWN_LEAST = 50  # known values on either side, below which their distribution says nothing
# All payments of an hour share these: a window of minutes shows one moment of them, never the whole.
OF_THE_MOMENT = frozenset(
    feature.name for feature in FEATURES if feature.entity in ("zone", "platform") or feature.unit == "hour"
)
# These grow a day a day, so every window is older than the one before it; only an absurd age is out of range.
AGES = frozenset(
    feature.name for feature in FEATURES if feature.unit in ("seconds", "days") and feature.risk == -1
)
ABSURD = 10.0  # times the greatest age in training


def check(reference: bytes, vectors: Values, probabilities: NDArray[np.floating[Any]]) -> list[DriftFinding]:
    """A finding a feature and one of the score, worst first; none of a subject with too few rows to judge.

    `vectors` float32 [rows, features] and `probabilities` of the newest payments, of any number each. Raises
    DriftRefused for rows or a reference of other features.
    """
    usual = read_reference(reference).subjects
    found = [
        _Comparison(name, usual[name], values, subjects=len(usual)).finding()
        for name, values in subjects_of(vectors, probabilities).items()
        if min(len(values), usual[name].rows) >= limits.LEAST_ROWS
    ]
    return sorted(found, key=lambda finding: (finding.alarm is None, -(finding.psi or 0.0)))


def psi(usual: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    """The population stability index of two sets of counts in the same bins, half a row added to each bin."""
    before, after = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (usual, now))
    return float(np.sum((after - before) * np.log(after / before)))


class _Comparison:
    """One subject's new values beside its usual ones."""

    def __init__(self, name: str, usual: SubjectReference, values: Values, *, subjects: int) -> None:
        self._name, self._usual, self._subjects = name, usual, subjects
        self._rows = len(values)
        self._known = values[~np.isnan(values)]
        self._missing = self._rows - len(self._known)

    def finding(self) -> DriftFinding:
        rise = self._missing / self._rows - self._usual.missing / self._usual.rows
        outside, distances = self._out_of_range(), self._distances()
        return DriftFinding(
            subject=self._name,
            psi=distances[0] if distances else None,
            ks=distances[1] if distances else None,
            missing_rise=rise,
            out_of_range=outside,
            rows=self._rows,
            alarm=self._alarm(rise, outside, distances),
        )

    def _alarm(self, rise: float, outside: float, distances: tuple[float, float] | None) -> str | None:
        wrong: list[str] = []
        if rise > self._missing_limit():
            wrong.append(sentences.missing(self._missing, self._rows, self._usual))
        if outside > self._range_limit():
            wrong.append(sentences.out_of_range(self._name, outside, self._usual))
        if distances and self._is_far(*distances):
            wrong.append(sentences.moved(self._name, self._usual.sample(), self._known, *distances))
        return "; ".join(wrong) or None

    def _distances(self) -> tuple[float, float] | None:
        """PSI and KS of the known values; None where there are too few, or they are others by nature."""
        if self._name in OF_THE_MOMENT | AGES or min(self._usual.known, len(self._known)) < KNOWN_LEAST:
            return None
        ks = ks_2samp(self._usual.sample(), self._known, method="asymp").statistic
        return psi(np.asarray(self._usual.counts), binned(self._known, self._usual.edges)), float(ks)

    def _is_far(self, psi_value: float, ks: float) -> bool:
        usual, known = self._usual, len(self._known)
        psi_limit = limits.psi_limit(
            bins=len(usual.counts), reference_rows=usual.known, rows=known, subjects=self._subjects
        )
        kept = len(usual.sample())
        ks_limit = limits.ks_limit(reference_rows=kept, rows=known, subjects=self._subjects)
        return psi_value > psi_limit or ks > ks_limit

    def _out_of_range(self) -> float:
        """The share of known values that training never came to."""
        low, high = self._usual.low, self._usual.high
        if low is None or high is None or not len(self._known):
            return 0.0
        highest = high * ABSURD if self._name in AGES else high
        return float(np.mean((self._known < low) | (self._known > highest)))

    def _missing_limit(self) -> float:
        together = (self._missing + self._usual.missing) / (self._rows + self._usual.rows)
        return limits.missing_limit(
            share=together, reference_rows=self._usual.rows, rows=self._rows, subjects=self._subjects
        )

    def _range_limit(self) -> float:
        known = max(len(self._known), 1)
        return limits.range_limit(
            reference_rows=max(self._usual.known, 1), rows=known, subjects=self._subjects
        )

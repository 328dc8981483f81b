"""What a model's training window looked like: each feature and the score in a few hundred numbers."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.catalogue import FEATURE_NAMES, SIGNATURE
from domain.errors import FaregateError

REFERENCE_FILE = "reference.json"
SCORE = "score"
KEPT = 512
# Tenths, and the ends of the tail in which fraud lives.
CUTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)

Values = NDArray[np.float32]


class DriftRefused(FaregateError):
    """Rows or a reference that cannot be compared."""


class SubjectReference(msgspec.Struct, frozen=True, kw_only=True):
    """One subject's values; `counts` are of the known ones, one a bin."""

    rows: int
    missing: int
    low: float | None  # None where no value was known
    high: float | None
    edges: list[float]  # a bin ends with its edge; the last one has no end
    counts: list[int]
    kept: bytes  # float32, little endian: values at equal steps of rank

    @property
    def known(self) -> int:
        return self.rows - self.missing

    def sample(self) -> Values:
        return np.frombuffer(self.kept, "<f4")


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    catalogue: str
    subjects: dict[str, SubjectReference]


def reference_of(vectors: Values, probabilities: NDArray[np.floating[Any]]) -> bytes:
    """The window as JSON, to be kept in the model's folder as `reference.json`.

    `vectors` float32 [rows, features], NaN where missing; `probabilities` are best those of rows that the
    model did not learn from, so their number may be another. Raises DriftRefused without rows, for other
    features than the catalogue's, and for infinite values.
    """
    subjects = {name: _subject(name, values) for name, values in subjects_of(vectors, probabilities).items()}
    return msgspec.json.encode(Reference(catalogue=SIGNATURE, subjects=subjects))


def read_reference(content: bytes) -> Reference:
    """Raises DriftRefused for what is no reference, or one of other features."""
    try:
        reference = msgspec.json.decode(content, type=Reference)
    except msgspec.DecodeError as error:
        raise DriftRefused(f"{REFERENCE_FILE} cannot be read: {error}. Train the model again.") from error
    if reference.catalogue != SIGNATURE or set(reference.subjects) != {*FEATURE_NAMES, SCORE}:
        raise DriftRefused(
            f"{REFERENCE_FILE} was made for other features than this release computes. Train the model again."
        )
    return reference


def subjects_of(vectors: Values, probabilities: NDArray[np.floating[Any]]) -> dict[str, Values]:
    """The values of each feature and of the score, by name; raises DriftRefused for another shape."""
    if vectors.ndim != 2 or vectors.shape[1] != len(FEATURE_NAMES):
        raise DriftRefused(
            f"Drift is looked for in rows of {len(FEATURE_NAMES)} features, these have shape {vectors.shape}."
        )
    features = {name: vectors[:, i].astype(np.float32) for i, name in enumerate(FEATURE_NAMES)}
    return features | {SCORE: np.asarray(probabilities, np.float32)}


def binned(known: Values, edges: list[float]) -> NDArray[np.int64]:
    """How many values fall into each bin; none may be NaN."""
    bins = np.searchsorted(np.asarray(edges, np.float32), known, side="left")
    return np.bincount(bins, minlength=len(edges) + 1)


def _subject(name: str, values: Values) -> SubjectReference:
    if not len(values):
        raise DriftRefused(f"There are no rows to say what {name} usually is. Train on a longer window.")
    if np.isinf(values).any():
        raise DriftRefused(f"{name} has infinite values; missing is NaN. Build the training set again.")
    known = np.sort(values[~np.isnan(values)])
    edges = np.unique(known[_ranks(CUTS, len(known))]).tolist()
    return SubjectReference(
        rows=len(values),
        missing=len(values) - len(known),
        low=float(known[0]) if len(known) else None,
        high=float(known[-1]) if len(known) else None,
        edges=edges,
        counts=binned(known, edges).tolist(),
        kept=_kept(known).astype("<f4").tobytes(),
    )


def _kept(known: Values) -> Values:
    """Ranks, not a drawn sample: an unlucky one would raise the same alarm for a model's whole life."""
    if len(known) <= KEPT:
        return known
    return known[_ranks(tuple((np.arange(KEPT) + 0.5) / KEPT), len(known))]


def _ranks(shares: tuple[float, ...], size: int) -> NDArray[np.int64]:
    if not size:
        return np.empty(0, np.int64)
    return np.minimum((np.asarray(shares) * size).astype(np.int64), size - 1)

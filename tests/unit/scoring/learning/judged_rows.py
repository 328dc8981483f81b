"""Labelled payments whose fraud score is known, and models that see more or less of it."""

from typing import Any

import numpy as np

from domain.catalogue import FEATURE_NAMES
from domain.thresholds import Thresholds
from scoring.dataset import Dataset
from scoring.learning.contest import Answers

CUTS = Thresholds(review=0.2, challenge=0.5, decline=0.8)
START_MS = 1_790_000_000_000


def rows_of(labels: Any, **given: Any) -> Dataset:
    """A rider a payment, one payment a second, all labels by maturity, unless `given` says otherwise."""
    count = len(labels)
    as_of_ms = START_MS + 1_000 * np.arange(count)
    columns: dict[str, Any] = {
        "vectors": np.zeros((count, len(FEATURE_NAMES)), np.float32),
        "labels": np.asarray(labels, np.int8),
        "as_of_ms": as_of_ms,
        "amounts_minor": np.full(count, 2_000),
        "weights": np.ones(count, np.float32),
        "transaction_ids": np.array([f"txn_{i}" for i in range(count)]),
        "user_ids": np.array([f"usr_{i}" for i in range(count)]),
        "card_ids": np.array([f"card_{i}" for i in range(count)]),
        "kinds": np.where(np.asarray(labels) == 1, "theft", ""),
        "sources": np.full(count, "maturity"),
        "labelled_ms": as_of_ms,
    }
    return Dataset(**columns | given)


def some_rows(count: int = 1_000, frauds: int = 40, seed: int = 1, **given: Any) -> Dataset:
    labels = np.zeros(count, np.int8)
    labels[np.random.default_rng(seed).choice(count, frauds, replace=False)] = 1
    return rows_of(labels, **given)


def answers(probabilities: Any, cuts: Thresholds = CUTS) -> Answers:
    return Answers(probabilities=np.asarray(probabilities, np.float64), thresholds=cuts)


def seeing(truth: Any, share: float, seed: int = 2) -> Answers:
    """Catches a `share` of the frauds for sure; everything else looks honest."""
    random = np.random.default_rng(seed)
    caught = (np.asarray(truth) == 1) & (random.random(len(truth)) < share)
    return answers(np.where(caught, 0.95, 0.002 + 0.001 * random.random(len(truth))))

"""A setting of the dial, and the verdicts that it would have given."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from domain.decision import Verdict
from domain.thresholds import Thresholds
from scoring.dial.past import MOVED, Floats, Past
from scoring.money import MILDEST_FIRST, verdicts

REVIEW_MINUTES = 3.0  # as the console's queue counts a review
APPROVE, REVIEW = MILDEST_FIRST.index(Verdict.APPROVE), MILDEST_FIRST.index(Verdict.REVIEW)
ROUNDING = 1e-9


class Setting(Struct, frozen=True, kw_only=True):
    """`reviews_a_day` is what analysts can look at; None: whatever comes."""

    thresholds: Thresholds
    reviews_a_day: float | None = None


def given(past: Past, setting: Setting) -> NDArray[np.int64]:
    """The place in MILDEST_FIRST of each payment's verdict.

    What is for review beyond a day's capacity goes through unreviewed: the riskiest are looked at first, and
    before them those that a rule asked to look at. A day that is covered in part has that part of a capacity.
    """
    asked = np.where(past.fixed == MOVED, verdicts(past.probabilities, setting.thresholds), past.fixed)
    if setting.reviews_a_day is None:
        return asked
    beyond = _beyond(past, asked == REVIEW, setting.reviews_a_day * past.covered)
    return np.where(beyond, APPROVE, asked)


def free_a_day(past: Past, reviews_a_day: float) -> Floats:
    """What is left of each day's capacity once rules have had what they asked for."""
    by_rule = np.bincount(past.days, past.weights * (past.fixed == REVIEW), len(past.covered))
    return np.maximum(0.0, reviews_a_day * past.covered - by_rule)


def _beyond(past: Past, review: NDArray[np.bool_], capacity: Floats) -> NDArray[np.bool_]:
    by_rule = past.fixed == REVIEW
    of_rules = _running(past, past.weights * by_rule)
    left = np.maximum(0.0, capacity - np.bincount(past.days, past.weights * by_rule, len(capacity)))
    of_score = _running(past, past.weights * (review & ~by_rule))
    room = np.where(by_rule, capacity[past.days], left[past.days]) + ROUNDING
    return review & (np.where(by_rule, of_rules, of_score) > room)


def _running(past: Past, counted: Floats) -> Floats:
    """Each day's sum up to and with each row."""
    total = np.cumsum(counted)
    before = np.append(0.0, total)[np.searchsorted(past.days, np.arange(len(past.covered)))]
    return np.asarray(total - before[past.days])

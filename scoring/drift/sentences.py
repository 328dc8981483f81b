"""What is wrong with a subject, in words for people: its values in their unit, then and now."""

import numpy as np

from domain.catalogue import FEATURES
from domain.display import percent
from domain.money import SETTLEMENT_CURRENCY
from domain.reasons import written
from scoring.drift.reference import SCORE, SubjectReference, Values

# What is told of two windows: the first of these that reads differently.
TOLD = (
    (0.5, "half are at most"),
    (0.9, "nine in ten are at most"),
    (0.99, "all but one in a hundred are at most"),
)
_UNITS = {feature.name: feature.unit for feature in FEATURES}


def missing(now: int, rows: int, usual: SubjectReference) -> str:
    before = percent(usual.missing / usual.rows)
    return f"unknown for {percent(now / rows)} of payments, in training for {before}"


def out_of_range(name: str, share: float, usual: SubjectReference) -> str:
    low, high = (_written(name, edge or 0.0) for edge in (usual.low, usual.high))
    if low == high:
        return f"{percent(share)} of values are others than {low}, the only one in training"
    return f"{percent(share)} of values are outside of what training saw, {low} to {high}"


def moved(name: str, then: Values, now: Values, psi: float, ks: float) -> str:
    return f"{_then_and_now(name, then, now)} (PSI {psi:.2f}, KS {ks:.2f})"


def _then_and_now(name: str, then: Values, now: Values) -> str:
    if _UNITS.get(name) == "flag":
        return (
            f"so for {percent(float(now.mean()))} of payments, in training for {percent(float(then.mean()))}"
        )
    if now.min() == now.max():
        low, high = (_written(name, float(value)) for value in (then.min(), then.max()))
        return f"always {_written(name, float(now[0]))}, in training {low} to {high}"
    for share, words in TOLD:
        before, after = (_written(name, _quantile(values, share)) for values in (then, now))
        if before != after:
            return f"{words} {after}, in training {before}"
    return "its values are spread otherwise than in training"


def _quantile(values: Values, share: float) -> float:
    return float(np.quantile(values, share, method="inverted_cdf"))


def _written(name: str, value: float) -> str:
    if not np.isfinite(value):
        return "infinite"
    if name == SCORE:  # most are far below one in a thousand
        return f"{100 * value:.2g} %"
    return written(_UNITS[name], value, SETTLEMENT_CURRENCY)

"""Why a decision came out as it did, in sentences an analyst can read."""

from collections.abc import Mapping, Sequence
from math import isnan

from msgspec import Struct

from domain.catalogue import FEATURES, WINDOW_WORDS, Feature, Unit
from domain.display import DAY_MS, SECOND_MS, count, duration_ms
from domain.moment import Moment
from domain.money import format_money

TOP = 3


class Reason(Struct, frozen=True, kw_only=True):
    """`contribution` is in margin space (log-odds); `value` and `normal` are in the feature's own unit."""

    code: str
    sentence: str
    value: float | None
    normal: float | None
    contribution: float


def normals_of(moment: Moment) -> dict[str, float]:
    """The rider's own usual value of each feature that has one and where it is known."""
    found = {feature.name: feature.normal(moment) for feature in FEATURES if feature.normal}
    return {name: round(normal, 2) for name, normal in found.items() if not isnan(normal)}


def top_reasons(
    values: Sequence[float], contributions: Sequence[float], normals: Mapping[str, float], currency: str
) -> list[Reason]:
    """The features that pushed the score up the most, strongest first; a base after them is ignored."""
    ranked = sorted(range(len(FEATURES)), key=lambda i: contributions[i], reverse=True)
    return [
        reason(FEATURES[i], values[i], contributions[i], normals.get(FEATURES[i].name), currency)
        for i in ranked[:TOP]
        if contributions[i] > 0
    ]


def reason(
    feature: Feature, value: float, contribution: float, normal: float | None, currency: str
) -> Reason:
    return Reason(
        code=feature.name,
        sentence=sentence(feature, value, normal, currency),
        value=None if isnan(value) else round(float(value), 4),
        normal=normal,
        contribution=round(contribution, 6),
    )


def sentence(feature: Feature, value: float, normal: float | None, currency: str) -> str:
    """The feature's sentence with its value, and the rider's usual where it is known."""
    window = WINDOW_WORDS[feature.window_ms] if feature.window_ms else ""
    if isnan(value):
        return f"unknown so far: {_subject(feature).format(window=window)}"
    if feature.unit == "flag" and not value:
        return f"not so: {feature.sentence}"
    text = feature.sentence.format(value=written(feature.unit, value, currency), window=window)
    if normal is None or isnan(normal):
        return text
    return f"{text}; usual for this rider is {written(feature.unit, normal, currency)}"


def _subject(feature: Feature) -> str:
    """What the sentence is about, without a value."""
    what, _, rest = feature.sentence.partition(": {value}")
    return feature.name.replace("_", " ") if rest or "{value}" in what else what


def written(unit: Unit, value: float, currency: str) -> str:
    """A value in its unit, for people."""
    match unit:
        case "money":
            return format_money(round(value), currency)
        case "seconds":
            return duration_ms(value * SECOND_MS)
        case "days":
            return duration_ms(value * DAY_MS)
        case "ratio":
            return f"{value:.1f}x"
        case "km/h":
            return f"{value:,.0f} km/h"
        case "metres":
            return f"{value / 1000:.1f} km"
        case "stars":
            return f"{value:.2f}"
    return count(value)  # a count, an hour or a flag

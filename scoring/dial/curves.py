"""How net money and fraud loss go along one slider, the others standing still."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, structs

from domain.cost import Costs
from domain.thresholds import Thresholds
from scoring.dial.figures import FIGURES, FRAUD_LOSS, SAVED, Range, band, figures_of
from scoring.dial.past import Floats, Past
from scoring.dial.setting import Setting

REVIEW, CHALLENGE, DECLINE, CAPACITY = "review", "challenge", "decline", "reviews a day"


class Point(Struct, frozen=True, kw_only=True):
    """Where the slider stands, and what a day brings there, in minor units."""

    at: float
    saved: Range
    fraud_loss: Range


def curve(
    past: Past, setting: Setting, slider: str, places: Sequence[float], costs: Costs | None = None
) -> list[Point]:
    """One point a place, with its band; a threshold that passes another one takes it along."""
    found = [figures_of(past, moved(setting, slider, place), costs).by_group for place in places]
    by_setting = np.stack(found)
    saved, fraud_loss = (_ranges(by_setting[:, :, FIGURES.index(name)]) for name in (SAVED, FRAUD_LOSS))
    return [
        Point(at=place, saved=money, fraud_loss=loss)
        for place, money, loss in zip(places, saved, fraud_loss, strict=True)
    ]


def moved(setting: Setting, slider: str, place: float) -> Setting:
    if slider == CAPACITY:
        return structs.replace(setting, reviews_a_day=place)
    cuts = setting.thresholds
    match slider:
        case "review":
            after = (place, max(place, cuts.challenge), max(place, cuts.decline))
        case "challenge":
            after = (min(place, cuts.review), place, max(place, cuts.decline))
        case _:
            after = (min(place, cuts.review), min(place, cuts.challenge), place)
    review, challenge, decline = after
    return structs.replace(
        setting, thresholds=Thresholds(review=review, challenge=challenge, decline=decline)
    )


def _ranges(by_group: Floats) -> list[Range]:
    low, high = band(by_group)
    values = by_group.sum(axis=1)
    return [
        Range(value=float(value), low=float(least), high=float(most))
        for value, least, most in zip(values, low, high, strict=True)
    ]

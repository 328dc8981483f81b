"""Where thresholds stand on the sliders: at the scores that the API shows, 0 to 99, and at never."""

from functools import cached_property

import numpy as np
from msgspec import Struct

from app.assessment import POINTS_TO_DOUBLE_ODDS, shown_score
from domain.thresholds import Thresholds
from scoring.dial.past import Floats

NEVER = 100
POSITIONS = tuple(range(NEVER + 1))
SLIDERS = ("review", "challenge", "decline")


def position_of(probability: float) -> int:
    return NEVER if probability >= 1 else shown_score(probability)


def probability_at(position: int) -> float:
    """The middle of those that are shown as this score; 1 at never."""
    if position >= NEVER:
        return 1.0
    return float(1 / (1 + 2 ** ((50 - position) / POINTS_TO_DOUBLE_ODDS)))


class Scale(Struct, frozen=True, kw_only=True, dict=True):
    """The thresholds that the sliders' positions stand for: at those of `present`, exactly it."""

    present: Thresholds

    @cached_property
    def cuts(self) -> Floats:
        """By position, rising."""
        found = [probability_at(position) for position in POSITIONS]
        for name in SLIDERS:
            cut = getattr(self.present, name)
            found[position_of(cut)] = cut
        return np.maximum.accumulate(np.array(found))

    def positions(self, thresholds: Thresholds) -> dict[str, int]:
        return {name: position_of(getattr(thresholds, name)) for name in SLIDERS}

    def thresholds(self, positions: dict[str, int]) -> Thresholds:
        if positions == self.positions(self.present):
            return self.present
        return Thresholds(**{name: float(self.cuts[positions[name]]) for name in SLIDERS})


def in_order(positions: dict[str, int], moved: str) -> dict[str, int]:
    """The slider that was moved takes along those that it passes."""
    place = SLIDERS.index(moved)
    at = positions[moved]
    return {
        name: min(positions[name], at) if index < place else max(positions[name], at)
        for index, name in enumerate(SLIDERS)
    }

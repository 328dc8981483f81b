"""Does a probability of 30 % mean that three in ten are frauds? By tenths, with the range of chance."""

from collections.abc import Iterable

from msgspec import Struct

from dashboard.shares import wilson
from dashboard.views.models.readings import Bin
from domain.display import count, percent

FEWEST = 20


class Point(Struct, frozen=True, kw_only=True):
    """`said` is the mean probability, `proved` the share of frauds, `low` to `high` where it may lie."""

    said: float
    proved: float
    low: float
    high: float
    payments: int
    tip: str

    @property
    def is_off(self) -> bool:
        return not self.low <= self.said <= self.high


def points(bins: Iterable[Bin]) -> list[Point]:
    return [_point(one) for one in bins if one.payments]


def is_enough(bins: Iterable[Bin]) -> bool:
    return sum(one.payments for one in bins) >= FEWEST


def sentence(of: list[Point]) -> str:
    """What the points say, in words."""
    total = sum(point.payments for point in of)
    off = [point for point in of if point.is_off]
    if not off:
        return f"On {count(total)} payments whose truth is known, the probabilities mean what they say."
    worst = max(off, key=lambda point: abs(point.said - point.proved))
    return (
        f"On {count(total)} payments whose truth is known, {len(off)} of {len(of)} tenths are off by more "
        f"than chance: around {percent(worst.said)}, {percent(worst.proved)} proved fraud."
    )


def _point(one: Bin) -> Point:
    share = wilson(one.frauds, one.payments)
    proved = one.frauds / one.payments
    return Point(
        said=one.probability,
        proved=proved,
        low=share.low,
        high=share.high,
        payments=one.payments,
        tip=f"said {percent(one.probability)}, proved {percent(proved)} ({percent(share.low)} to "
        f"{percent(share.high)}) of {count(one.payments)} payments",
    )

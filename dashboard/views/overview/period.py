"""The periods that can be looked at, and the slices that each is cut into."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

EPOCH = datetime.fromtimestamp(0, UTC)
DAY = timedelta(days=1)


class Period(Struct, frozen=True, kw_only=True):
    """`bars` slices of `width`, the last of which holds the present; `name` stands in the address."""

    name: str
    width: timedelta
    bars: int
    of_slice: str

    def starts(self, now: datetime) -> list[datetime]:
        """As date_bin from the epoch cuts them."""
        last = floor(now, self.width)
        return [last - self.width * back for back in range(self.bars - 1, -1, -1)]


PERIODS = {
    period.name: period
    for period in (
        Period(name="24 h", width=timedelta(hours=1), bars=24, of_slice="an hour"),
        Period(name="7 d", width=timedelta(hours=6), bars=28, of_slice="six hours"),
        Period(name="30 d", width=DAY, bars=30, of_slice="a day"),
    )
}


def floor(instant: datetime, width: timedelta) -> datetime:
    return EPOCH + (instant - EPOCH) // width * width


def days_of(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """The period cut at each midnight, so that a day that is over is read once."""
    cuts, day = [since], floor(since, DAY) + DAY
    while day < until:
        cuts.append(day)
        day += DAY
    return list(zip(cuts, [*cuts[1:], until], strict=True))

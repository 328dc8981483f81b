"""The overview's sums from PostgreSQL, each by an index of its time."""

from datetime import datetime, timedelta

from msgspec import Struct

from app.queries import queries_of
from dashboard.database import Pool
from dashboard.reading import reading, rows_of
from dashboard.views.overview.readings import (
    Change,
    Day,
    Decided,
    Drawn,
    Known,
    Stopped,
    Times,
    Truths,
    TypeRow,
    ZonePlace,
    ZoneRow,
)
from domain.decision import Verdict

PLACES_FROM = 5_000  # payments: enough for each zone of a city
PLACES_AGE = timedelta(days=3)
_rows = rows_of(queries_of(__file__))


class _Clock(Struct, frozen=True):
    now: datetime


class _Slice(Struct, frozen=True, kw_only=True):
    """Without a verdict: of all payments of the slice."""

    starts_at: datetime
    verdict: Verdict | None
    payments: int
    amount_minor: int
    p50_us: float
    p99_us: float
    drawn: list[str]

    def decided(self) -> Decided:
        assert self.verdict is not None, "the row of all payments has no verdict"  # noqa: S101 - both sides
        return Decided(
            starts_at=self.starts_at,
            verdict=self.verdict,
            payments=self.payments,
            amount_minor=self.amount_minor,
        )

    def times(self) -> Times:
        return Times(starts_at=self.starts_at, p50_us=self.p50_us, p99_us=self.p99_us)


class _Matured(Struct, frozen=True):
    matured: int


class OverviewReader:
    """Every method raises ReadingsUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def now(self) -> datetime:
        with reading(self._pool) as connection:
            return _rows(connection, _Clock, "clock", {})[0].now

    def day(self, since: datetime, until: datetime, width: timedelta) -> Day:
        """At most a day at once, so that no statement grows with the period."""
        asked = {"since": since, "until": until, "width": width}
        with reading(self._pool) as connection:
            slices = _rows(connection, _Slice, "slices", asked)
            drawn = [decision_id for row in slices if row.verdict is None for decision_id in row.drawn]
            return Day(
                decided=[row.decided() for row in slices if row.verdict is not None],
                times=[row.times() for row in slices if row.verdict is None],
                drawn=_rows(connection, Drawn, "drawn", asked | {"drawn": drawn}) if drawn else [],
            )

    def truths(self, since: datetime, width: timedelta, settled: datetime) -> Truths:
        """`settled`: what was decided before it and never charged back is good."""
        asked = {"since": since, "width": width, "settled": settled}
        with reading(self._pool) as connection:
            return Truths(
                stopped=_rows(connection, Stopped, "stopped", asked),
                known=_rows(connection, Known, "known", asked),
                matured=_rows(connection, _Matured, "matured", asked)[0].matured if settled > since else 0,
                types=_rows(connection, TypeRow, "types", asked),
                zones=_rows(connection, ZoneRow, "zones", asked),
                changes=_rows(connection, Change, "changes", asked),
            )

    def places(self, now: datetime) -> list[ZonePlace]:
        asked = {"since": now - PLACES_AGE, "most": PLACES_FROM}
        with reading(self._pool) as connection:
            return _rows(connection, ZonePlace, "places", asked)

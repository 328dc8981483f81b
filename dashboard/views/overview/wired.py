"""The overview page with its sources."""

from datetime import datetime, timedelta

import streamlit as st

from dashboard import maturity, resources
from dashboard.views.overview import page as view
from dashboard.views.overview.period import PERIODS, Period, days_of
from dashboard.views.overview.reader import OverviewReader
from dashboard.views.overview.readings import Day, Overview, Truths, ZonePlace

TODAY_S, PAST_S, PLACES_S = 45, 600, 600


def page() -> None:
    view.show(view.Source(overview=lambda period: _overview(period.name)))


@st.cache_data(ttl=TODAY_S, max_entries=len(PERIODS), show_spinner=False)
def _overview(name: str) -> Overview:
    """One reading serves everybody who looks within the same minute."""
    period, now = PERIODS[name], _reader().now()
    maturity_ms = maturity.read_ms()
    since = period.starts(now)[0]
    days = _days(period, since, now)
    settled = now - timedelta(milliseconds=maturity_ms)
    return Overview(
        now=now,
        maturity_ms=maturity_ms,
        decided=[row for day in days for row in day.decided],
        times=[row for day in days for row in day.times],
        drawn=[row for day in days for row in day.drawn],
        truths=_truths(since, period.width, settled),
        places=_places(),
    )


def _days(period: Period, since: datetime, now: datetime) -> list[Day]:
    """The day that runs is read anew; those that are over hardly change."""
    *over, (today, _) = days_of(since, now)
    return [
        *(_past_day(begins, ends, period.width) for begins, ends in over),
        _reader().day(today, now, period.width),
    ]


@st.cache_data(ttl=PAST_S, max_entries=200, show_spinner=False)
def _past_day(since: datetime, until: datetime, width: timedelta) -> Day:
    return _reader().day(since, until, width)


def _truths(since: datetime, width: timedelta, settled: datetime) -> Truths:
    return _reader().truths(since, width, settled)


@st.cache_data(ttl=PLACES_S, max_entries=1, show_spinner=False)
def _places() -> list[ZonePlace]:
    return _reader().places(_reader().now())


def _reader() -> OverviewReader:
    return OverviewReader(resources.read_pool())

"""The page: how did we do?"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import altair as alt
import streamlit as st

from dashboard import markup, shell
from dashboard.health import Level
from dashboard.palette import palette
from dashboard.reading import ReadingsUnavailable
from dashboard.views.overview import changes, charts, figures, kinds, zones
from dashboard.views.overview.charts import Frame
from dashboard.views.overview.period import PERIODS, Period
from dashboard.views.overview.readings import Overview

NOTHING_DECIDED = (
    "No payment was decided in this period. Choose a longer one; or `faregate simulate` sends some, and the "
    "first appear here within a minute."
)
NO_ALERTS = "Every payment of this period was approved: there is no fraud to show by kind or place."
NO_PLACES = "No payment of the last three days tells where the zones are. The map comes back with the next."


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the page reads; raises ReadingsUnavailable."""

    overview: Callable[[Period], Overview]


def show(source: Source) -> None:
    shell.put_css(__package__)
    period = _chosen()
    try:
        overview = source.overview(period)
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))
        return
    if not overview.decided:
        st.html(markup.notice(NOTHING_DECIDED))
        return
    st.html(markup.tiles(figures.tiles(overview)))
    frame = Frame(
        period=period,
        now=overview.now,
        marks=changes.marks(overview.truths.changes, period.width),
        palette=palette(),
    )
    _trends(overview, frame)
    _fraud(overview, frame)


def _chosen() -> Period:
    """The period lives in the address, so that a view can be sent to somebody."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html("<div class='fg-brand'><b>Overview</b><span class='fg-soft'>how did we do?</span></div>")
        name = st.segmented_control(
            "Period",
            list(PERIODS),
            default=next(iter(PERIODS)),
            required=True,
            label_visibility="collapsed",
            key="over",
            bind="query-params",
        )
    return PERIODS[name]


def _trends(overview: Overview, frame: Frame) -> None:
    a_slice = f"a bar is {frame.period.of_slice}, in UTC"
    left, right = st.columns(2, gap="medium")
    with left:
        _chart("Verdicts", f"share of payments not simply approved; {a_slice}", charts.mix(overview, frame))
        _chart(
            "Fraud", "known so far, of all payments; the last days still rise", charts.fraud(overview, frame)
        )
    with right:
        _chart(
            "Money", f"saved by stopping, and lost to chargebacks; {a_slice}", charts.money(overview, frame)
        )
        _chart("Time to decision", "milliseconds inside the API", charts.times(overview.times, frame))


def _fraud(overview: Overview, frame: Frame) -> None:
    cells = kinds.cells(overview.truths.types)
    if not cells:
        st.html(markup.notice(NO_ALERTS))
        return
    left, right = st.columns(2, gap="medium")
    with left:
        note = "alerts by hour of day, UTC; an analyst's word, else what rules and reasons suggest"
        _chart("Kinds of fraud", note, charts.kinds(cells, frame.palette))
    with right:
        st.html(markup.title("Where", "by zone of pickup; the larger, the more fraud money"))
        _map(overview, frame)


def _map(overview: Overview, frame: Frame) -> None:
    circles = zones.circles(overview.truths.zones, overview.places)
    if not circles:
        st.html(markup.notice(NO_PLACES))
        return
    st.pydeck_chart(zones.deck(circles, overview.places, frame.palette), height=zones.HEIGHT_PX)
    worst = "; ".join(circle.tip for circle in circles[:3])
    st.html(f"<p class='fg-soft fg-worst'>{escape(worst)}</p>")


def _chart(title: str, note: str, chart: alt.Chart | alt.LayerChart) -> None:
    st.html(markup.title(title, note))
    st.altair_chart(chart, width="stretch", alt=f"{title}: {note}")

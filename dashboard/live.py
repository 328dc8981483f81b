"""The page: what is Faregate deciding right now, and is it well?"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from dashboard import decision_view, drift, following, health, markup, money_tiles, verdict_mix
from dashboard.health import Level
from dashboard.ledger_reader import BUCKETS, slice_of
from dashboard.reading import ReadingsUnavailable
from dashboard.readings import DecisionDetail, Snapshot, StreamReading

PERIODS_MIN = (5, 15, 60)
REFRESH_S = 2.0
NOTHING_DECIDED = (
    "No payment has been decided yet. `faregate simulate` sends some; or post one to /v1/transactions as the "
    "API's /docs page shows. The first appears here by itself."
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the page reads; snapshot and decision raise ReadingsUnavailable."""

    snapshot: Callable[[int], Snapshot]
    decision: Callable[[str], DecisionDetail | None]
    stream: Callable[[], StreamReading]


def show(source: Source) -> None:
    following.listen("followed", _open)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html("<div class='fg-brand'><b>Faregate</b><span class='fg-soft'>ride payments, live</span></div>")
        period_min, refreshes = _controls()
    st.fragment(_refreshed, run_every=REFRESH_S if refreshes else None)(source, period_min)


def _controls() -> tuple[int, bool]:
    """The period lives in the address, so that a view can be sent to somebody."""
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        period_min = st.segmented_control(
            "Period",
            PERIODS_MIN,
            default=PERIODS_MIN[-1],
            required=True,
            format_func=markup.period,
            label_visibility="collapsed",
            key="period",
            bind="query-params",
        )
        refreshes = st.toggle("Live", value=True, help="Off: the page stands still while you read.")
    return period_min, refreshes


def _refreshed(source: Source, period_min: int) -> None:
    opened = st.query_params.get("decision")
    try:
        snapshot, stream = source.snapshot(period_min), source.stream()
        detail = source.decision(opened) if opened else None
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))
        return
    lines = [*health.lines(snapshot, stream), *drift.lines(snapshot.drift, snapshot.pipeline.now)]
    st.html(markup.headline(health.headline(lines)))
    if opened:
        _decision(opened, detail, period_min)
    if not snapshot.newest:
        st.html(markup.notice(NOTHING_DECIDED))
        st.html(markup.title("Pipeline"))
        st.html(markup.health(lines))
        return
    st.html(markup.tiles(money_tiles.tiles(snapshot)))
    left, right = st.columns([2.5, 1], gap="medium")
    with left:
        st.html(markup.title("Decisions", "newest first, times in UTC; a time opens the decision"))
        st.html(markup.decisions(snapshot.newest, period_min=period_min, opened=opened))
        _alerts(snapshot, opened)
        _drift(snapshot)
    with right:
        _mix(snapshot)
        st.html(markup.title("Pipeline"))
        st.html(markup.health(lines))


def _mix(snapshot: Snapshot) -> None:
    st.html(markup.title("Verdicts", f"last {markup.period(snapshot.period_min)}; bars show the alerts"))
    mixed = verdict_mix.mix(
        snapshot.verdicts,
        snapshot.buckets,
        now=snapshot.pipeline.now,
        width=slice_of(snapshot.period_min),
        bars=BUCKETS,
    )
    st.html(markup.mix(mixed))


def _alerts(snapshot: Snapshot, opened: str | None) -> None:
    st.html(markup.title("Alerts", f"newest of the last {markup.period(snapshot.period_min)}"))
    if not snapshot.alerts:
        st.html(markup.notice("Every payment of this period was approved."))
        return
    st.html(markup.alerts(snapshot.alerts, period_min=snapshot.period_min, opened=opened))


def _drift(snapshot: Snapshot) -> None:
    if snapshot.drift:
        with st.expander("How far payments have moved from the training window"):
            st.html(markup.drifted(drift.moved(snapshot.drift)))


def _decision(opened: str, detail: DecisionDetail | None, period_min: int) -> None:
    if detail is None:
        st.html(markup.unknown_decision(opened, period_min=period_min))
        return
    st.html(markup.decision(detail, period_min=period_min))
    values = decision_view.feature_values(detail)
    if values is not None:
        with st.expander("Every feature value that the model read"):
            st.html(markup.values(values))


def _open(decision_id: str) -> None:
    if decision_id:
        st.query_params["decision"] = decision_id
    else:
        st.query_params.pop("decision", None)

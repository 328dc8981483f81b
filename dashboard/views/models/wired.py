"""The models page with its sources."""

from datetime import datetime, timedelta

import streamlit as st

from dashboard import maturity, resources, sign_in
from dashboard.readings import DriftRow
from dashboard.views.models import comparison
from dashboard.views.models import page as view
from dashboard.views.models.comparison import Comparison
from dashboard.views.models.reader import ModelsReader
from dashboard.views.models.readings import Bin, Round, ScoreDrift, Standing
from dashboard.views.models.rollback import Rollback, Rollbacks, roll_back
from scoring.registry import Promotion

STANDING_S, MEASURED_S = 2, 45


def page() -> None:
    person = sign_in.person()
    if person is None:
        return
    view.show(
        view.Source(
            standing=_standing,
            comparisons=_comparisons,
            calibration=_calibration,
            drift=_drift,
            rounds=_rounds,
            report=_report,
            processes=lambda version: _reader().processes(version),
            rollbacks=_rollbacks(),
        ),
        person,
    )


@st.cache_data(ttl=STANDING_S, max_entries=1, show_spinner=False)
def _standing() -> Standing:
    return _reader().standing()


@st.cache_data(ttl=MEASURED_S, max_entries=1, show_spinner=False)
def _comparisons() -> dict[str, Comparison]:
    now = _now()
    return comparison.compare(_reader().agreements(now), _reader().judged(now))


@st.cache_data(ttl=MEASURED_S, max_entries=8, show_spinner=False)
def _calibration(version: str) -> list[Bin]:
    now = _now()
    return _reader().calibration(version, now, now - timedelta(milliseconds=maturity.read_ms()))


@st.cache_data(ttl=MEASURED_S, max_entries=1, show_spinner=False)
def _drift() -> tuple[list[DriftRow], list[ScoreDrift]]:
    return _reader().drift(), _reader().score_drift(_now())


@st.cache_data(ttl=MEASURED_S, max_entries=1, show_spinner=False)
def _rounds() -> list[Round]:
    return _reader().rounds()


@st.cache_data(ttl=600, max_entries=4, show_spinner=False)
def _report(version: str) -> str | None:
    return _reader().report(version)


@st.cache_resource(show_spinner=False)
def _rollbacks() -> Rollbacks:
    """One for all who look: two rollbacks never run at once."""
    return Rollbacks(_roll_back)


def _roll_back(asked: Rollback) -> Promotion:
    """Who looks next sees who decides now."""
    try:
        return roll_back(resources.desk(), asked)
    finally:
        _standing.clear()


def _now() -> datetime:
    return _standing().now


def _reader() -> ModelsReader:
    return ModelsReader(resources.read_pool())

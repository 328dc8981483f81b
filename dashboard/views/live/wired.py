"""The live page with its sources."""

import streamlit as st

from dashboard import live, resources
from dashboard.ledger_reader import LedgerReader
from dashboard.readings import Snapshot, StreamReading, Totals


def page() -> None:
    live.show(
        live.Source(
            snapshot=_snapshot, decision=lambda decision_id: _ledger().decision(decision_id), stream=_stream
        )
    )


def _ledger() -> LedgerReader:
    return LedgerReader(resources.read_pool())


@st.cache_data(ttl=1.0, max_entries=len(live.PERIODS_MIN), show_spinner=False)
def _snapshot(period_min: int) -> Snapshot:
    """One look at the ledger serves everybody who looks within the same second."""
    return _ledger().snapshot(period_min, _totals(period_min))


@st.cache_data(ttl=5.0, max_entries=len(live.PERIODS_MIN), show_spinner=False)
def _totals(period_min: int) -> Totals:
    return _ledger().totals(period_min)


@st.cache_data(ttl=5.0, max_entries=1, show_spinner=False)
def _stream() -> StreamReading:
    return resources.probe().read()

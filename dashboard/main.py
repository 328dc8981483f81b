"""`python -m streamlit run dashboard/main.py`: where the page and its sources are put together."""

import os
from pathlib import Path

import streamlit as st

from dashboard import live
from dashboard.database import open_pool
from dashboard.ledger_reader import LedgerReader
from dashboard.readings import Snapshot, StreamReading, Totals
from dashboard.stream_probe import StreamProbe, open_probe

st.set_page_config(page_title="Faregate", page_icon=Path(__file__).with_name("icon.svg"), layout="wide")


@st.cache_resource(show_spinner=False)
def ledger() -> LedgerReader:
    return LedgerReader(open_pool())


@st.cache_resource(show_spinner=False)
def probe() -> StreamProbe:
    return open_probe(os.environ.get("FAREGATE_FLINK_URL"), os.environ.get("FAREGATE_KAFKA"))


@st.cache_data(ttl=1.0, max_entries=len(live.PERIODS_MIN), show_spinner=False)
def snapshot(period_min: int) -> Snapshot:
    """One look at the ledger serves everybody who looks within the same second."""
    return ledger().snapshot(period_min, totals(period_min))


@st.cache_data(ttl=5.0, max_entries=len(live.PERIODS_MIN), show_spinner=False)
def totals(period_min: int) -> Totals:
    return ledger().totals(period_min)


@st.cache_data(ttl=5.0, max_entries=1, show_spinner=False)
def stream() -> StreamReading:
    return probe().read()


live.show(
    live.Source(snapshot=snapshot, decision=lambda decision_id: ledger().decision(decision_id), stream=stream)
)

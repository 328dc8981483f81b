"""What the console's pages share, made once a process: connections, the desk, the stream's probe."""

import os

import streamlit as st

from app.desk.desk import Desk
from dashboard.database import Pool, open_pool, open_writing_pool
from dashboard.stream_probe import StreamProbe, open_probe


@st.cache_resource(show_spinner=False)
def read_pool() -> Pool:
    """Connections that may only read."""
    return open_pool()


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """Where every write goes."""
    return Desk(open_writing_pool())


@st.cache_resource(show_spinner=False)
def probe() -> StreamProbe:
    return open_probe(os.environ.get("FAREGATE_FLINK_URL"), os.environ.get("FAREGATE_KAFKA"))

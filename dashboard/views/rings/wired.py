"""The rings page with its sources."""

import streamlit as st

from app.desk.rings import RingDesk
from dashboard import case_links, resources, sign_in
from dashboard.views.rings import page as rings_page
from dashboard.views.rings.reader import RingReader
from dashboard.views.rings.readings import RingRow
from dashboard.views.rings.source import Source


def page() -> None:
    rings_page.show(
        Source(
            rings=_rings,
            ring=lambda ring_id: _reader().ring(ring_id),
            desk=RingDesk(resources.desk()),
            signed_in=sign_in.person,
            open_case=case_links.open_case,
        ),
        sign_in.signed_in(),
    )


def _reader() -> RingReader:
    return RingReader(resources.read_pool())


@st.cache_data(ttl=10.0, max_entries=8, show_spinner=False)
def _rings(by: str) -> list[RingRow]:
    return _reader().rings(by)

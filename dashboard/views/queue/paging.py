"""Places in the queue as part of an address, and the way from page to page."""

from math import isfinite

import streamlit as st

from dashboard.views.queue.filter_bar import PLACES
from dashboard.views.queue.reader import PAGE_ROWS
from dashboard.views.queue.rows import AlertRow, Cursor, Page


def cursor_of_address() -> Cursor | None:
    """Where the address says the page begins or ends; None is the top, as is what cannot be read."""
    for name in PLACES:
        worth, _, decision_id = st.query_params.get(name, "").partition("~")
        try:
            place = float(worth)
        except ValueError:
            continue
        if isfinite(place) and decision_id:
            return Cursor(worth=place, decision_id=decision_id[:80], backwards=name == "before")
    return None


def pager(page: Page) -> None:
    """Buttons to what is before and after the rows of this page."""
    with st.container(key="queue_pager", horizontal=True, vertical_alignment="center"):
        first, last = page.rows[0], page.rows[-1]
        st.button("Back", key="page_back", disabled=not page.ahead, on_click=_go, args=("before", first))
        more = page.ahead + len(page.rows) < page.total
        st.button(f"Next {PAGE_ROWS}", key="page_next", disabled=not more, on_click=_go, args=("after", last))


def _go(name: str, row: AlertRow) -> None:
    for other in PLACES:
        st.query_params.pop(other, None)
    st.query_params[name] = f"{row.worth!r}~{row.decision_id}"

"""The page of rings: who belongs together?"""

from html import escape

import streamlit as st

from app.desk.people import Person
from dashboard import following, markup, shell
from dashboard.health import Level
from dashboard.linked_graph import drawing
from dashboard.reading import ReadingsUnavailable
from dashboard.views.rings import act, detail, table
from dashboard.views.rings.readings import Ring
from dashboard.views.rings.source import Source

TRY_EVERY_S = 3.0
NONE_YET = (
    "No ring yet. Riders who paid with the same card or from the same device are a ring; a card or device of "
    "more than 8 riders, such as a hotel's tablet, connects nobody. A ring appears here by itself, a moment "
    "after the payment that makes it."
)
NO_MORE = (
    "There is no ring {}: its riders share nothing any more, or belong to a larger ring by now. Look for it "
    "in the list."
)


def show(source: Source, person: Person) -> None:
    shell.put_css("dashboard.views.rings")
    with st.container(key="ring_ears"):
        _follow(source)
    opened = st.query_params.get("ring")
    try:
        if opened:
            _ring(source, person, opened, source.ring(opened))
        else:
            _list(source)
    except ReadingsUnavailable as away:
        st.html(markup.notice(str(away), level=Level.BAD))
        st.fragment(_try_again, run_every=TRY_EVERY_S)(source)


def _follow(source: Source) -> None:
    clicked = following.followed("ring_links")
    if clicked is None:
        return
    if clicked.startswith("dec_"):
        source.open_case(clicked)
    st.query_params.from_dict({"ring": clicked})


def _list(source: Source) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(markup.title("Rings", "riders connected by shared cards and devices; money of 30 days"))
        by = st.segmented_control(
            "Sorted by",
            list(table.ORDERS),
            default="risk",
            required=True,
            format_func=lambda order: f"by {table.ORDERS[order]}",
            label_visibility="collapsed",
            key="by",
            bind="query-params",
        )
    rows = source.rings(str(by))
    st.html(table.html(rows) if rows else markup.notice(NONE_YET))


def _ring(source: Source, person: Person, ring_id: str, ring: Ring | None) -> None:
    if st.button("All rings", key="ring_back", shortcut="Q", type="tertiary"):
        st.query_params.clear()
        st.rerun()
    if ring is None:
        st.html(markup.notice(NO_MORE.format(f"`{ring_id[:60].replace('`', '')}`")))
        return
    st.html(f"<h2 class='fg-ring-name'>{escape(ring.ring_id)}</h2>" + markup.tiles(detail.tiles(ring)))
    act.show(source, person, ring)
    left, right = st.columns([1, 2.3], gap="medium")
    with left:
        st.html(markup.title("Who shares what", "filled: known fraud; red: charged back"))
        drawing.put(detail.drawing(ring), key="ring_drawing")
    with right:
        st.html(markup.title("Riders", "payments of 30 days") + detail.members_html(ring))


def _try_again(source: Source) -> None:
    try:
        source.rings("risk")
    except ReadingsUnavailable:
        return
    st.rerun()

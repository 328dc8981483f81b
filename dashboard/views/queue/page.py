"""The queue: which alert should I work on next?"""

from html import escape

import streamlit as st

from app.desk.people import Person
from dashboard import markup, shell
from dashboard.health import Level
from dashboard.reading import ReadingsUnavailable
from dashboard.views.queue import arrivals, cells, export, filter_bar, keys, paging, table, work
from dashboard.views.queue.bulk import Bulk
from dashboard.views.queue.cells import Viewer
from dashboard.views.queue.deeds import Deeds
from dashboard.views.queue.filters import Filters
from dashboard.views.queue.keys import Action
from dashboard.views.queue.reader import COUNTED, MOST_FOUND
from dashboard.views.queue.rows import Choices, Page
from dashboard.views.queue.source import Source
from dashboard.views.queue.work import Notice, Sheet, Work

POLL_S = 2.0
NOTHING_WAITS = "Nothing waits for you. A new alert is announced here by itself."
NOTHING_MATCHES = "No open alert matches these filters."
PAGE_DONE = "Everything on this page is done: R shows what is next."


def show(source: Source, person: Person) -> None:
    """Only the arrivals look again by themselves; a deed runs the table alone, a filter the whole page."""
    shell.put_css("dashboard.views.queue")
    in_hand = work.in_hand()
    if shell.has_come():
        in_hand.sheet = in_hand.notice = None
    with st.container(key="queue_bar", horizontal=True, vertical_alignment="center"):
        filters, searched = filter_bar.show(lambda: _choices(source))
        news = st.container(key="queue_news", horizontal=True, width="content")
        export.button(source, person, filters, in_hand)
        if st.button("?", key="queue_help", help="The keys of this page (?)", type="tertiary"):
            _help()
    filter_bar.active(filters)
    st.fragment(_table, key="queue_rows")(source, person, filters, searched)
    with news:
        st.fragment(arrivals.show, run_every=POLL_S)(source, person)


def _table(source: Source, person: Person, filters: Filters, searched: str) -> None:
    in_hand = work.in_hand()
    deeds = Deeds(in_hand, source.cases, person)
    marks = keys.listen(
        deeds.take,
        handled=in_hand.handled,
        waiting=lambda: _waiting(in_hand, person),
        opening=lambda: in_hand.opening,
    )
    _follow(in_hand)
    try:
        sheet = _sheet(in_hand, source, person, filters, searched)
        viewer = in_hand.viewer(person, source.names())
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))
        st.button("Try again", key="queue_again")
        return
    if sheet.page.rows:
        _rows(sheet, viewer)
        Bulk(in_hand, source.cases, person).show(marks)
    else:
        _nothing(sheet)
    if in_hand.notice:
        _said(in_hand.notice)


def _follow(in_hand: Work) -> None:
    """What was pressed and is no deed: other rows, or the help."""
    left, in_hand.left = in_hand.left, []
    for act in left:
        if act.action is Action.HELP:
            _help()
        else:
            filter_bar.start_over()
            in_hand.sheet = None
            st.rerun()


def _sheet(in_hand: Work, source: Source, person: Person, filters: Filters, searched: str) -> Sheet:
    """The rows that are shown already, unless others are asked for."""
    cursor = None if searched else paging.cursor_of_address()
    shown = in_hand.sheet
    if shown and (shown.filters, shown.cursor, shown.searched) == (filters, cursor, searched):
        return shown
    page = source.find(searched) if searched else source.page(filters, cursor, person.person_id)
    in_hand.sheet = Sheet(filters=filters, cursor=cursor, searched=searched, page=page, now=page.taken_at)
    in_hand.notice = None
    return in_hand.sheet


def _rows(sheet: Sheet, viewer: Viewer) -> None:
    rows = sheet.page.rows
    waits = any(cells.is_waiting(row, sheet.now, viewer.person) for row in rows)
    words = _found(sheet.page) if sheet.searched else table.extent(sheet.page, COUNTED)
    st.html(f"<div class='fg-extent'>{escape(words if waits or sheet.searched else PAGE_DONE)}</div>")
    with st.container(key="queue_table"):
        st.html(table.html(rows, sheet.now, viewer))
    sheet.drawn = {row.decision_id: cells.live(row, sheet.now, viewer) for row in rows}
    sheet.touched = set()
    if sheet.searched:
        _clear("Back to the queue", ("q",))
    else:
        paging.pager(sheet.page)


def _found(page: Page) -> str:
    many = len(page.rows)
    most = " at most are shown" if many == MOST_FOUND else ""
    return f"{many}{most} with this id: open alerts first, then the newest."


def _nothing(sheet: Sheet) -> None:
    if sheet.searched:
        st.html(markup.notice(f"Nothing has the id {sheet.searched}. An id must be whole, as in txn_7k2m9q."))
        _clear("Clear the search", ("q",))
    elif sheet.filters != Filters() or sheet.cursor:
        st.html(markup.notice(NOTHING_MATCHES))
        _clear("Clear filters", filter_bar.NAMES)
    else:
        st.html(markup.notice(NOTHING_WAITS))


def _clear(label: str, names: tuple[str, ...]) -> None:
    """The controls stand outside of what runs by itself: all is run anew."""
    if st.button(label, key="queue_clear", on_click=filter_bar.clear, args=(names,)):
        st.rerun()


def _said(notice: Notice) -> None:
    """Floats, so that no row moves for it; and comes last, so that the browser keeps the table."""
    look = "fg-watch" if notice.bad else "fg-well"
    st.html(f"<div class='fg-said {look}' role='status'><i class='fg-dot'></i>{escape(notice.text)}</div>")


def _waiting(in_hand: Work, person: Person) -> list[str]:
    sheet = in_hand.sheet
    if sheet is None:
        return []
    return [row.decision_id for row in sheet.page.rows if cells.is_waiting(row, sheet.now, person)]


def _choices(source: Source) -> Choices:
    try:
        return source.choices()
    except ReadingsUnavailable:  # the table says so
        return Choices(zones=[], rules=[], models=[])


@st.dialog("Keys of the queue")
def _help() -> None:
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(does)}</dd>" for key, does in keys.HELP)
    st.html(f"<dl class='fg-keys'>{rows}</dl>")

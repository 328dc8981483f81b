"""The only part of the queue that looks again by itself: what is new, and whose case is whose by now."""

import streamlit as st

from app.desk.people import Person
from dashboard.reading import ReadingsUnavailable
from dashboard.views.queue import cells, keys, work
from dashboard.views.queue.cells import Viewer
from dashboard.views.queue.filter_bar import start_over
from dashboard.views.queue.reader import MOST_NEW
from dashboard.views.queue.source import Source
from dashboard.views.queue.work import Sheet, Work


def show(source: Source, person: Person) -> None:
    in_hand = work.in_hand()
    if in_hand.trouble:
        in_hand.complain(in_hand.trouble.pop())
        st.rerun()
    if in_hand.is_left:
        in_hand.is_left = False
        st.rerun()
    sheet = in_hand.sheet
    if sheet is None or sheet.searched:
        return
    try:
        look = source.look(sheet.filters, person.person_id, page=sheet.page)
    except ReadingsUnavailable:
        st.html("<span class='fg-lost'>The database does not answer: this page is not up to date.</span>")
        return
    sheet.now = look.now
    for state in look.states:
        sheet.put(state)
    keys.move_cells(_moved(sheet, in_hand.viewer(person, source.names())))
    if look.arrived:
        st.button(
            _new(look.arrived),
            key="queue_new",
            help="Show new arrivals (R)",
            on_click=_leave,
            args=(in_hand,),
        )


def _leave(in_hand: Work) -> None:
    """The rows stand outside of what looks again by itself: all is run anew."""
    start_over()
    in_hand.sheet = None
    in_hand.is_left = True


def _moved(sheet: Sheet, viewer: Viewer) -> dict[str, dict[str, str]]:
    """Rows that look otherwise than they were drawn; one that did so once is told again until it is drawn."""
    live = {row.decision_id: cells.live(row, sheet.now, viewer) for row in sheet.page.rows}
    sheet.touched |= {
        decision_id for decision_id, cell in live.items() if cell != sheet.drawn.get(decision_id)
    }
    return {decision_id: live[decision_id] for decision_id in sheet.touched}


def _new(arrived: int) -> str:
    return f"{arrived - 1}+ new · show" if arrived >= MOST_NEW else f"{arrived} new · show"

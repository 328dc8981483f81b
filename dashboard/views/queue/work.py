"""What a person has in hand on the queue, from one run of the page to the next."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st
from msgspec import structs

from app.desk.case_state import CaseState
from app.desk.people import Person
from dashboard.views.queue.cells import Viewer
from dashboard.views.queue.filters import Filters
from dashboard.views.queue.keys import Act
from dashboard.views.queue.rows import AlertRow, Cursor, Page

_REMEMBERED = 200  # presses; the browser sends one again only until it was told that it came
_UNDOABLE = 50


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What came of the last deed; `bad` when it was not done."""

    text: str
    bad: bool = False


@dataclass(kw_only=True)
class Sheet:
    """The rows on the page, which stay as they are until somebody asks for others; only their states move.

    `drawn` are the cells as the table was drawn, `touched` the rows whose cells were changed since.
    """

    filters: Filters
    cursor: Cursor | None
    searched: str
    page: Page
    now: datetime
    drawn: dict[str, dict[str, str]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)

    def row(self, decision_id: str) -> AlertRow | None:
        return next((row for row in self.page.rows if row.decision_id == decision_id), None)

    def put(self, state: CaseState) -> None:
        """Show how a case stands by now, unless something newer is shown."""
        moved = structs.asdict(state)
        self.page = structs.replace(
            self.page,
            rows=[
                structs.replace(row, **moved)
                if row.decision_id == state.decision_id and row.revision < state.revision
                else row
                for row in self.page.rows
            ],
        )


@dataclass(kw_only=True)
class Work:
    """`secret` keys the hashes of this session's exports."""

    sheet: Sheet | None = None
    notice: Notice | None = None
    undoable: deque[list[str]] = field(default_factory=lambda: deque(maxlen=_UNDOABLE))
    handled: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    opening: Act | None = None  # whose case the browser is to open
    left: list[Act] = field(default_factory=list)  # was pressed, and is for the page to follow
    is_left: bool = False  # the rows that were shown, for new ones
    trouble: list[str] = field(default_factory=list)  # what went wrong outside a run of the page

    def viewer(self, person: Person, names: dict[str, str]) -> Viewer:
        undoable = frozenset(decision_id for done in self.undoable for decision_id in done)
        address = self.sheet.filters.to_address() if self.sheet else {}
        return Viewer(person=person, names=names, address=address, undoable=undoable)

    def forget(self, decision_id: str) -> None:
        """It was taken back: what was done on it last is not to be undone again."""
        for done in reversed(self.undoable):
            if decision_id in done:
                done.remove(decision_id)
                break
        if self.undoable and not self.undoable[-1]:
            self.undoable.pop()

    def say(self, text: str) -> None:
        self.notice = Notice(text=text)

    def complain(self, text: str) -> None:
        self.notice = Notice(text=text, bad=True)


def in_hand() -> Work:
    if "queue_work" not in st.session_state:
        st.session_state["queue_work"] = Work()
    work: Work = st.session_state["queue_work"]
    return work

"""One deed for all marked rows: a bar that floats over the table while rows are marked."""

from collections.abc import Callable, Sequence
from itertools import groupby
from uuid import uuid4

import streamlit as st
from msgspec import Struct

from app.desk.case_state import Counted, Resolution
from app.desk.errors import DeskRefused, DeskUnavailable
from app.desk.people import Person
from dashboard.views.queue.cells import suspected
from dashboard.views.queue.deeds import SNOOZE_MINUTES
from dashboard.views.queue.rows import AlertRow
from dashboard.views.queue.source import Cases
from dashboard.views.queue.work import Work
from domain.display import count
from domain.money import format_money


class Marked(Struct, frozen=True, kw_only=True):
    """Rows that one click is about, and the click's key."""

    rows: list[AlertRow]
    key: str

    @property
    def ids(self) -> list[str]:
        return [row.decision_id for row in self.rows]


class Bulk:
    def __init__(self, work: Work, cases: Cases, person: Person) -> None:
        self._work, self._cases, self._person = work, cases, person

    def show(self, marks: Sequence[str]) -> None:
        """The key is made with the buttons, so that a double click is one deed."""
        sheet = self._work.sheet
        rows = [row for row in sheet.page.rows if row.decision_id in marks] if sheet else []
        if not rows:
            return
        marked = Marked(rows=rows, key=uuid4().hex)
        with st.container(key="queue_bulk", horizontal=True, vertical_alignment="center"):
            at_risk = format_money(sum(row.at_risk_minor or 0 for row in rows), rows[0].currency)
            st.html(
                f"<span class='fg-marked'><b>{count(len(rows))} marked</b> {at_risk} at risk "
                "<a class='fg-unmark' href='#'>take the marks away</a></span>",
                width="content",
            )
            self._button("Claim", None, self._claim, marked)
            self._button("Good", "Shift+A", self._good, marked)
            self._button("Fraud", "Shift+D", self._fraud, marked)
            self._button("Escalate", "Shift+E", self._escalate, marked)
            self._button("Put aside", "Shift+S", self._snooze, marked)

    def _button(
        self, name: str, shortcut: str | None, deed: Callable[[Marked], list[Counted]], marked: Marked
    ) -> None:
        key = f"bulk_{name.split(maxsplit=1)[0].lower()}"
        st.button(name, key=key, shortcut=shortcut, on_click=self._run, args=(deed, name, marked))

    def _run(self, deed: Callable[[Marked], list[Counted]], name: str, marked: Marked) -> None:
        try:
            counts = deed(marked)
        except (DeskRefused, DeskUnavailable) as why:
            self._work.complain(str(why))
            return
        refused = {
            decision_id: reason for counted in counts for decision_id, reason in counted.refused.items()
        }
        done = [decision_id for decision_id in marked.ids if decision_id not in refused]
        if done and done not in self._work.undoable:
            self._work.undoable.append(done)
        self._look_again(marked.ids)
        self._say(name, len(done), refused)

    def _say(self, name: str, done: int, refused: dict[str, str]) -> None:
        if not refused:
            self._work.say(f"{name}: {count(done)} done.")
            return
        why = next(iter(refused.values()))
        self._work.complain(f"{name}: {count(done)} done, {count(len(refused))} not. {why}")

    def _look_again(self, decision_ids: Sequence[str]) -> None:
        for decision_id in decision_ids:
            try:
                state = self._cases.state(decision_id)
            except DeskUnavailable:
                return
            if state and self._work.sheet:
                self._work.sheet.put(state)

    def _claim(self, marked: Marked) -> list[Counted]:
        return [self._cases.claim_many(marked.ids, person_id=self._person.person_id, key=marked.key)]

    def _snooze(self, marked: Marked) -> list[Counted]:
        whose = {"person_id": self._person.person_id, "key": marked.key}
        return [self._cases.snooze_many(marked.ids, minutes=SNOOZE_MINUTES, **whose)]

    def _escalate(self, marked: Marked) -> list[Counted]:
        return [
            self._cases.escalate_many(marked.ids, why="", person_id=self._person.person_id, key=marked.key)
        ]

    def _good(self, marked: Marked) -> list[Counted]:
        return [self._decide(marked.ids, Resolution.GOOD, None, marked.key)]

    def _fraud(self, marked: Marked) -> list[Counted]:
        """Each of the type that it is suspected of."""
        by_kind = groupby(sorted(marked.rows, key=suspected), key=suspected)
        return [
            self._decide([row.decision_id for row in rows], Resolution.FRAUD, kind, f"{marked.key}/{kind}")
            for kind, rows in by_kind
        ]

    def _decide(
        self, decision_ids: Sequence[str], resolution: Resolution, kind: str | None, key: str
    ) -> Counted:
        return self._cases.decide_many(
            decision_ids,
            resolution=resolution,
            fraud_type=kind,
            why="",
            person_id=self._person.person_id,
            key=key,
        )

"""What a person has in hand on the case page, from one run to the next."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import pydeck
import streamlit as st

MOST_TRAIL = 100
MOST_TYPED = 50


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What came of the last press; `is_bad` when it was not done."""

    text: str
    is_bad: bool = False


@dataclass(kw_only=True)
class Work:
    """`trail` are cases that were left behind, `deeds` those on which something was done, the newest last.

    `clicks` are the keys of rendered forms, by case and revision; `done` where each press led; `presses`
    how many there were; `typed` is text by case, which must outlive a run in which its field was not shown.
    """

    notice: Notice | None = None
    trail: list[str] = field(default_factory=list)
    deeds: list[str] = field(default_factory=list)
    clicks: dict[tuple[str, int], str] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)
    presses: int = 0
    typed: dict[str, str] = field(default_factory=dict)
    goes_on: bool = True
    map: pydeck.Deck | None = None

    def click(self, decision_id: str, revision: int) -> str:
        """The key of the form that shows a case at a revision; another one after each deed."""
        return self.clicks.setdefault((decision_id, revision), secrets.token_hex(16))

    def finish(self, decision_id: str, revision: int, press: str, leads_to: str) -> None:
        self.clicks.pop((decision_id, revision), None)
        self.done[press] = leads_to
        _trim(self.done, MOST_TRAIL)
        _trim(self.clicks, MOST_TRAIL)

    def leave(self, decision_id: str) -> None:
        if self.trail[-1:] != [decision_id]:
            self.trail = [*self.trail, decision_id][-MOST_TRAIL:]

    def keep_typed(self, decision_id: str, text: str) -> None:
        self.typed.pop(decision_id, None)
        if text:
            self.typed[decision_id] = text
        _trim(self.typed, MOST_TYPED)

    def say(self, text: str) -> None:
        self.notice = Notice(text=text)

    def complain(self, text: str) -> None:
        self.notice = Notice(text=text, is_bad=True)


def in_hand() -> Work:
    if "case_work" not in st.session_state:
        st.session_state["case_work"] = Work()
    work: Work = st.session_state["case_work"]
    return work


def _trim(kept: dict[Any, Any], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]

"""The part of the page that runs in the browser: what was pressed on which row, and which rows are marked."""

from collections.abc import Callable, Collection
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st
from msgspec import Struct, ValidationError, convert

MOST_ACTS = 100
KEYS, CELLS = "queue_keys", "queue_cells"

HELP = (
    ("J or ↓, K or ↑", "move to the next row, to the one before"),
    ("Enter or O", "open the case"),
    ("C", "claim the case and open it"),
    ("A", "approve: the payment was good"),
    ("D", "confirm fraud, of the suspected type"),
    ("E", "escalate to the leads"),
    ("S", "put aside for an hour"),
    ("U", "undo what you did last"),
    ("X", "mark the row, or take its mark away; Esc takes all marks away"),
    ("Shift and A, D, E, S or C", "the same for all marked rows"),
    ("R", "show new arrivals"),
    ("/", "search by any id; Esc leaves the search"),
    ("?", "this help"),
)


class Action(StrEnum):
    CLAIM = "claim"
    GOOD = "good"
    FRAUD = "fraud"
    ESCALATE = "escalate"
    SNOOZE = "snooze"
    UNDO = "undo"
    RENEW = "renew"
    HELP = "help"


class Act(Struct, frozen=True, kw_only=True):
    """A press: `key` is its own; `decision_id` and `revision` are of the row that was highlighted then."""

    key: str
    action: Action
    decision_id: str = ""
    revision: int = 0


def listen(
    take: Callable[[list[Act]], None],
    *,
    handled: Collection[str],
    waiting: Callable[[], list[str]],
    opening: Callable[[], Act | None],
) -> list[str]:
    """Hand over what was pressed, before anything is drawn; the decision_ids of marked rows.

    The browser is told which presses came, which rows still wait, and which case to open now.
    """

    def pressed() -> None:
        take(_acts(st.session_state[KEYS].get("acts")))

    rows, opened = waiting(), opening()
    result = _keys()(
        key=KEYS,
        data={
            "handled": list(handled),
            "waiting": rows,
            "open": {"key": opened.key, "decision_id": opened.decision_id} if opened else None,
        },
        on_acts_change=pressed,
        on_marks_change=lambda: None,
    )
    return [mark for mark in result.marks or [] if mark in rows]


def move_cells(rows: dict[str, dict[str, str]]) -> None:
    """Put new cells into rows that are shown, by decision_id."""
    _cells()(key=CELLS, data={"rows": rows})


def _acts(said: Any) -> list[Act]:
    try:
        return convert(said or [], list[Act])[:MOST_ACTS]
    except ValidationError:
        return []


@cache
def _keys() -> Any:
    return st.components.v2.component("faregate_queue_keys", js=_script("keys.js"))


@cache
def _cells() -> Any:
    return st.components.v2.component("faregate_queue_cells", js=_script("cells.js"))


def _script(name: str) -> str:
    return files("dashboard.views.queue").joinpath(name).read_text("utf-8")

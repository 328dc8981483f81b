"""The fields of a rule beside its expression."""

from datetime import UTC, date, datetime, time
from typing import Any

import streamlit as st

from dashboard.views.rules.wording import ACTIONS
from domain.events import from_ms, to_ms
from domain.rules import Action, Rule


def show(rule: Rule, seed: str) -> dict[str, Any]:
    """What stands in them, as fields of Rule; `seed` keeps one rule's apart from another's."""
    actions = list(Action)
    action = st.segmented_control(
        "What it does", actions, default=rule.action, required=True, format_func=ACTIONS.__getitem__,
        key=f"action_{seed}",
    )  # fmt: skip
    with st.container(horizontal=True):
        points = _points(rule, seed) if action is Action.ADD_SCORE else None
        priority = st.number_input(
            "Priority", value=rule.priority, step=10, min_value=-1_000_000, max_value=1_000_000,
            key=f"priority_{seed}", help="The highest goes first.",
        )  # fmt: skip
        ends = st.date_input(
            "Ends on", value=_day(rule.expires_at_ms), min_value=None, key=f"ends_{seed}",
            format="YYYY-MM-DD",
            help="At midnight UTC; empty is never.",
        )  # fmt: skip
    note = st.text_input(
        "Note", value=rule.note, max_chars=500, key=f"note_{seed}", placeholder="what it is for"
    )
    return {
        "action": action,
        "points": points,
        "priority": int(priority),
        "expires_at_ms": _end(rule, ends),
        "note": note or "",
    }


def _points(rule: Rule, seed: str) -> int:
    return int(
        st.number_input(
            "Points", value=rule.points or 10, min_value=-99, max_value=99, step=1, key=f"points_{seed}",
            help="Added to the score, whose thresholds then decide.",
        )
    )  # fmt: skip


def _day(expires_at_ms: int | None) -> date | None:
    return None if expires_at_ms is None else from_ms(expires_at_ms).date()


def _end(rule: Rule, day: Any) -> int | None:
    """The rule's own end, which may be within a day, while its day stands there."""
    if not isinstance(day, date):
        return None
    if day == _day(rule.expires_at_ms):
        return rule.expires_at_ms
    return to_ms(datetime.combine(day, time(tzinfo=UTC)))

"""Trying a rule on a period of the past."""

from datetime import timedelta

import streamlit as st

from app.rules.back_test_store import KeptBackTest
from app.rules.backtest import Period
from dashboard.views.rules import said
from dashboard.views.rules.source import Source
from domain.display import count
from domain.rules import Rule

DAYS = (1, 7, 30, 90)


def controls(source: Source, rule: Rule, *, fault: str | None) -> None:
    """A period and a button; the page is shown anew once the back-test is kept."""
    with st.container(horizontal=True, vertical_alignment="center"):
        days = st.segmented_control(
            "Back-test over the last", DAYS, default=7, required=True, key=f"days_{rule.rule_id}",
            format_func=lambda days: "a day" if days == 1 else f"{days} days", label_visibility="collapsed",
        )  # fmt: skip
        is_asked = st.button(
            "Back-test", key=f"try_{rule.rule_id}", disabled=fault is not None, icon=":material/history:"
        )
    if is_asked and run(source, rule, days):
        st.rerun()


def run(source: Source, rule: Rule, days: int) -> KeptBackTest | None:
    until = source.now()
    period = Period(since=until - timedelta(days=days), until=until)
    bar = st.progress(0.0, text="Reading decisions…")

    def tell(part: float, read: int) -> None:
        bar.progress(min(part, 1.0), text=f"{count(read)} decisions read")

    kept: KeptBackTest | None = said.attempt(lambda: source.back_test(rule, period, tell))
    bar.empty()
    return kept

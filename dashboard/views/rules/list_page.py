"""All rules: what each is worth."""

import streamlit as st
from msgspec import Struct

from app.rules.proposals import Proposal
from app.rules.standing import Standings
from dashboard import markup
from dashboard.health import Level
from dashboard.reading import ReadingsUnavailable
from dashboard.views.rules import list_view
from dashboard.views.rules.addresses import link
from dashboard.views.rules.source import RulesView, Source
from domain.display import count
from domain.money import format_money
from domain.rules import Mode, Rule

DAYS = (7, 30, 90)
STATES = ("All", "Live", "Waiting", "Shadow", "Draft")
SHOWN = 100
LOOK_EVERY_S = 10.0
_ORDER = (Mode.LIVE, Mode.SHADOW, Mode.DRAFT)
NO_RULES = "There are no rules yet. Write the first one: it starts as a draft that decides nothing."
NO_MATCH = "No rule is like that. Choose All, or empty the search."


class Wanted(Struct, frozen=True, kw_only=True):
    state: str
    words: str
    days: int


def show(source: Source) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        wanted = _controls()
        st.html(f"<div class='fg-actions'>{link('New rule', css='fg-button', new='1')}</div>")
    st.fragment(_listed, run_every=LOOK_EVERY_S)(source, wanted)


def _controls() -> Wanted:
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        state = st.segmented_control(
            "Rules", STATES, default="All", required=True, label_visibility="collapsed", key="state",
            bind="query-params",
        )  # fmt: skip
        days = st.segmented_control(
            "Over the last", DAYS, default=30, required=True, label_visibility="collapsed", key="days",
            bind="query-params", format_func=lambda days: f"{days} days",
        )  # fmt: skip
        words = st.text_input(
            "Search", placeholder="id, expression or note", label_visibility="collapsed", key="search",
            bind="query-params", width=240,
        )  # fmt: skip
    return Wanted(state=state, words=words or "", days=days)


def _listed(source: Source, wanted: Wanted) -> None:
    try:
        view, known = source.rules(), source.standings(wanted.days)
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))
        return
    waiting = {proposal.rule_id: proposal for proposal in view.waiting}
    if waiting and wanted.state != "Waiting":
        st.html(_waiting(list(waiting.values())))
    if not view.rules:
        st.html(markup.notice(NO_RULES))
        return
    found = matching(view, wanted)
    if not found:
        st.html(markup.notice(NO_MATCH))
        return
    st.html(list_view.table(found[:SHOWN], known, waiting, source.now()))
    st.html(f"<p class='fg-soft fg-foot'>{_foot(len(found), known, wanted.days)}</p>")


def matching(view: RulesView, wanted: Wanted) -> list[Rule]:
    """Live ones first, then those in shadow, then drafts; of each the highest priority first."""
    waiting = {proposal.rule_id for proposal in view.waiting}
    words = wanted.words.lower().split()

    def is_wanted(rule: Rule) -> bool:
        text = f"{rule.rule_id} {rule.expression} {rule.note} {rule.owner}".lower()
        is_state = wanted.state == "All" or wanted.state.lower() == rule.mode
        is_state = is_state or (wanted.state == "Waiting" and rule.rule_id in waiting)
        return is_state and all(word in text for word in words)

    return sorted(
        filter(is_wanted, view.rules),
        key=lambda rule: (_ORDER.index(rule.mode), -rule.priority, rule.rule_id),
    )


def _waiting(proposals: list[Proposal]) -> str:
    told = ", ".join(link(each.rule_id, rule=each.rule_id) for each in proposals[:5])
    more = f" and {count(len(proposals) - 5)} more" if len(proposals) > 5 else ""
    verb = "waits" if len(proposals) == 1 else "wait"
    return (
        "<div class='fg-notice fg-watch' role='status'><i class='fg-dot'></i>"
        f"<span>{told}{more} {verb} for a second person.</span></div>"
    )


def _foot(found: int, known: Standings, days: int) -> str:
    told = (
        f"Of the last {days} days: {count(known.frauds.count)} known frauds, "
        f"{format_money(known.frauds.amount_minor)}. Hits by a rule's present expression only."
    )
    if found > SHOWN:
        told += f" The first {SHOWN} of {count(found)} rules: search for the others."
    if not known.complete:
        told += " There were more hits than are read: these are the newest."
    return told

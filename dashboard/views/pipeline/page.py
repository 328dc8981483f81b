"""The page: how does an event become a feature, and a feature a decision, and does it flow?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from app.desk.audit import Told
from app.desk.dead_letters import DeadLetterDesk, Place
from app.desk.people import Person
from dashboard import health, markup, shell
from dashboard.health import Level
from dashboard.linked_graph import drawing
from dashboard.reading import ReadingsUnavailable
from dashboard.views.pipeline import letter_page, parts, picture
from dashboard.views.pipeline.followed import Followed
from dashboard.views.pipeline.letters import Letter, Shown
from dashboard.views.pipeline.rates import Rates
from dashboard.views.pipeline.readings import Flow, StreamLook

REFRESH_S = 3.0
NOTHING_TO_FOLLOW = (
    "No decision of the last day read any history, so there is no event to follow yet. `faregate simulate` "
    "sends payments; a decision's address names it: /pipeline?decision=dec_…"
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the page reads. All but `stream` raise ReadingsUnavailable; `letters` and `message` also
    StreamUnavailable."""

    flow: Callable[[], Flow]
    stream: Callable[[], tuple[StreamLook, Rates | None]]
    to_follow: Callable[[], str | None]
    follow: Callable[[str], Followed | None]
    letters: Callable[[], Sequence[Letter]]
    message: Callable[[Place], Shown]
    sent_again: Callable[[], Sequence[Told]]
    desk: DeadLetterDesk | None


def show(source: Source, person: Person) -> None:
    shell.put_css(__package__)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(
            "<div class='fg-brand'><b>Pipeline</b>"
            "<span class='fg-soft'>from an event to a feature to a decision</span></div>"
        )
        refreshes = st.toggle("Live", value=True, help="Off: the page stands still while you read.")
    st.fragment(_flow, run_every=REFRESH_S if refreshes else None)(source)
    _followed(source)
    letter_page.show(source.letters, source.message, source.sent_again, source.desk, person)


def _flow(source: Source) -> None:
    try:
        flow = source.flow()
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))
        return
    stream, rates = source.stream()
    lines = parts.lines(flow, stream)
    st.html(markup.headline(health.headline(lines)))
    drawing.put(picture.picture(parts.parts(flow, stream, rates)), key="flow")
    half = (len(lines) + 1) // 2
    left, right = st.columns(2, gap="large")
    left.html(f"<div class='fg-pipeline'>{markup.health(lines[:half])}</div>")
    right.html(f"<div class='fg-pipeline'>{markup.health(lines[half:])}</div>")


def _followed(source: Source) -> None:
    """The decision that the address names, else one whose whole way is known."""
    st.html(markup.title("One event followed", "the newest that the decision knew of its rider or card"))
    try:
        named = st.query_params.get("decision")
        decision_id = named or st.session_state.get("followed") or source.to_follow()
        followed = source.follow(decision_id) if decision_id else None
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))
        return
    if decision_id is None:
        st.html(markup.notice(NOTHING_TO_FOLLOW))
        return
    if followed is None:
        st.html(markup.notice(f"The ledger holds no decision {decision_id}. Check the link."))
        return
    st.session_state["followed"] = decision_id
    _line(followed)
    st.button("Follow the newest", key="follow_newest", on_click=_forget)


def _line(followed: Followed) -> None:
    st.html(picture.about(followed))
    if followed.missing:
        st.html(markup.notice(followed.missing))
        return
    st.html(picture.line(followed))


def _forget() -> None:
    st.session_state.pop("followed", None)
    st.query_params.pop("decision", None)

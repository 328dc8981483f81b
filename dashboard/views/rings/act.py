"""One word for all riders of a ring, for leads."""

import secrets
from functools import partial

import streamlit as st
from msgspec import Struct

from app.desk.errors import DeskRefused, DeskUnavailable
from app.desk.fraud_types import FRAUD_TYPES
from app.desk.people import Person, Role
from app.desk.rings import RingDone, RingWord
from dashboard import markup
from dashboard.health import Level
from dashboard.views.rings.readings import Ring
from dashboard.views.rings.source import Source
from dashboard.views.rings.table import many

DAYS: dict[str, int | None] = {"7 days": 7, "30 days": 30, "90 days": 90, "for ever": None}
FOR_LEADS = "A lead can block this ring or close its cases with one word: tell one, with this page's address."
SIGNED_OUT = "Your session has ended, and nothing was changed: sign in again."
_NOTICE = "ring_notice"


class Notice(Struct, frozen=True, kw_only=True):
    ring_id: str
    text: str
    is_bad: bool


def show(source: Source, person: Person, ring: Ring) -> None:
    _notice(ring)
    if not person.role.allows(Role.LEAD):
        st.html(markup.notice(FOR_LEADS))
        return
    open_cases = sum(member.open_cases for member in ring.members)
    shared = len({(use.kind, use.entity_id) for use in ring.uses})
    with st.container(key="ring_word", horizontal=True, vertical_alignment="center", gap="small"):
        st.checkbox(
            f"Close {many(open_cases, 'open case')} as fraud",
            key=_field(ring, "cases"),
            disabled=not open_cases,
        )
        st.selectbox(
            "Type", list(FRAUD_TYPES), index=list(FRAUD_TYPES).index("collusion"), width=190,
            format_func=FRAUD_TYPES.__getitem__, key=_field(ring, "type"), label_visibility="collapsed",
        )  # fmt: skip
        st.checkbox(f"Block {many(len(ring.members), 'rider')}", key=_field(ring, "riders"))
        st.checkbox(f"Block what they share ({shared})", key=_field(ring, "shared"))
        st.selectbox(
            "For", list(DAYS), index=1, key=_field(ring, "days"), label_visibility="collapsed", width=110
        )
        st.text_input(
            "Why", key=_field(ring, "why"), max_chars=500, placeholder="Why", label_visibility="collapsed"
        )
        click = _click(ring)
        st.button(
            "Do it for the whole ring",
            type="primary",
            key=f"ring_decide_{ring.ring_id}_{click}",
            on_click=partial(_press, source, ring, click),
        )


def _press(source: Source, ring: Ring, click: str) -> None:
    person = source.signed_in()
    if person is None:
        _say(ring, SIGNED_OUT, is_bad=True)
        return
    word = RingWord(
        cases_as_fraud=bool(st.session_state.get(_field(ring, "cases"))),
        fraud_type=st.session_state.get(_field(ring, "type")),
        block_riders=bool(st.session_state.get(_field(ring, "riders"))),
        block_shared=bool(st.session_state.get(_field(ring, "shared"))),
        days=DAYS[st.session_state.get(_field(ring, "days"), "30 days")],
        why=str(st.session_state.get(_field(ring, "why"), "")),
    )
    seen = [member.user_id for member in ring.members]
    try:
        done = source.desk.decide(ring.ring_id, word, seen=seen, person_id=person.person_id, key=click)
    except (DeskRefused, DeskUnavailable) as refused:
        _say(ring, str(refused), is_bad=True)
        return
    st.session_state.pop(_field(ring, "click"), None)
    _say(ring, told(done), is_bad=False)


def told(done: RingDone) -> str:
    """ "7 cases closed as fraud, 6 values blocked. 1 case is left to whoever works on it."."""
    parts = []
    if done.cases:
        parts.append(f"{many(done.cases, 'case')} closed as fraud")
    if done.listed:
        parts.append(f"{many(done.listed, 'value')} blocked")
    said = (", ".join(parts) or "Nothing was left to do") + "."
    if not done.left:
        return said
    whose = "is left to whoever works on it" if done.left == 1 else "are left to whoever works on them"
    return f"{said} {many(done.left, 'case')} {whose}."


def _click(ring: Ring) -> str:
    """The key of this form, until it is done."""
    click: str = st.session_state.setdefault(_field(ring, "click"), secrets.token_hex(16))
    return click


def _field(ring: Ring, name: str) -> str:
    return f"ring_{name}_{ring.ring_id}"


def _say(ring: Ring, text: str, *, is_bad: bool) -> None:
    st.session_state[_NOTICE] = Notice(ring_id=ring.ring_id, text=text, is_bad=is_bad)


def _notice(ring: Ring) -> None:
    notice: Notice | None = st.session_state.get(_NOTICE)
    if notice and notice.ring_id == ring.ring_id:
        st.html(markup.notice(notice.text, level=Level.WATCH if notice.is_bad else Level.WELL))

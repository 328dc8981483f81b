"""The buttons of a case: what it was, who works on it, and the way to the next."""

from functools import cache, partial
from importlib.resources import files
from typing import Any

import streamlit as st

from app.desk.fraud_types import FRAUD_TYPES, suspected_type
from app.desk.people import Person
from dashboard import markup
from dashboard.views.case.deeds import DAYS, LISTS, Deed, Shown, go_back, go_on, press
from dashboard.views.case.readings import Subject
from dashboard.views.case.source import Source
from dashboard.views.case.work import in_hand

WITHOUT_ALERT = (
    "This payment was let through and raised no alert, so there is nothing to decide here. If it was a "
    "fraud, the chargeback will say so; a caller may label it through the API meanwhile."
)
LONGEST_WHY = 500
KEYS = (
    ("D", "confirm fraud, of the type beside the button"),
    ("A", "a false positive: the payment was good"),
    ("T", "cannot tell"),
    ("E", "escalate to the leads"),
    ("C", "claim the case for 15 minutes, or let go of it"),
    ("S", "put it aside for an hour"),
    ("U", "undo what you did last, on whichever case"),
    ("J, K", "the next case of the queue, the one before"),
    ("Q", "back to the queue"),
    ("Esc", "leave a field, so that keys work again"),
    ("?", "this help"),
)


def show(source: Source, person: Person, shown: Shown) -> None:
    subject = shown.subject
    with st.container(horizontal=True, key="case_bar", gap="small", vertical_alignment="center"):
        if subject.revision is not None:
            _words(source, shown)
            _handling(source, person, shown)
        _ways(source, shown)
    if subject.revision is None:
        st.html(markup.notice(WITHOUT_ALERT))
    elif subject.closed_at is None:
        _beside(shown)


def listen() -> None:
    """Keys and clicks, heard also while the page is drawn; and what must not happen by accident."""
    _keys()(key="case_keys")


def _words(source: Source, shown: Shown) -> None:
    is_closed = shown.subject.closed_at is not None
    kind = "secondary" if is_closed else "primary"
    _button(source, shown, Deed.FRAUD, "Confirm fraud", "D", kind=kind, off=is_closed)
    if not is_closed:
        _type(shown)
    _button(source, shown, Deed.GOOD, "False positive", "A", off=is_closed)
    _button(source, shown, Deed.CANNOT_TELL, "Cannot tell", "T", off=is_closed)


def _handling(source: Source, person: Person, shown: Shown) -> None:
    subject = shown.subject
    is_closed = subject.closed_at is not None
    _button(source, shown, Deed.ESCALATE, "Escalate", "E", off=is_closed or subject.escalated_at is not None)
    if is_mine(subject, person):
        _button(source, shown, Deed.RELEASE, "Release", None)
    else:
        _button(source, shown, Deed.CLAIM, "Claim", None, off=is_closed)
    _button(source, shown, Deed.SNOOZE, "Snooze", "S", off=is_closed)
    _button(source, shown, Deed.UNDO, "Undo", "U")


def is_mine(subject: Subject, person: Person) -> bool:
    holds = subject.claimed_until is not None and subject.claimed_until > subject.now
    return holds and subject.assignee == person.person_id and subject.closed_at is None


def _ways(source: Source, shown: Shown) -> None:
    st.button(
        "Previous", key=shown.button("back"), shortcut="K", on_click=partial(go_back, shown), type="tertiary",
        disabled=not in_hand().trail,
    )  # fmt: skip
    st.button(
        "Next",
        key=shown.button("next"),
        shortcut="J",
        on_click=partial(go_on, source, shown),
        type="tertiary",
    )
    if st.button("Queue", key=shown.button("queue"), shortcut="Q", type="tertiary"):
        source.open_queue()
    if st.button("?", key=shown.button("help"), type="tertiary", help="Keys"):
        _help()


def _beside(shown: Shown) -> None:
    """What goes with the word: lists, for how long, and why."""
    with st.container(horizontal=True, key="case_beside", gap="small", vertical_alignment="center"):
        st.pills(
            "Also", LISTS, selection_mode="multi", key=shown.field("lists"), label_visibility="collapsed",
            width="content",
        )  # fmt: skip
        st.selectbox(
            "For", list(DAYS), index=1, key=shown.field("days"), label_visibility="collapsed", width=110
        )
        st.text_input(
            "Why",
            key=_restored(shown),
            max_chars=LONGEST_WHY,
            placeholder="Why, for whoever reads this later",
            label_visibility="collapsed",
            on_change=partial(_keep, shown),
        )
        st.toggle(
            "Go on to the next case", value=in_hand().goes_on, key="case_go_on", on_change=_keep_going_on
        )


def _restored(shown: Shown) -> str:
    """The field's key; what was typed comes back after a run in which the field was not shown."""
    name, typed = shown.field("why"), in_hand().typed.get(shown.decision_id)
    if name not in st.session_state and typed:
        st.session_state[name] = typed
    return name


def _keep(shown: Shown) -> None:
    in_hand().keep_typed(shown.decision_id, str(st.session_state.get(shown.field("why"), "")))


def _keep_going_on() -> None:
    in_hand().goes_on = bool(st.session_state["case_go_on"])


def _type(shown: Shown) -> None:
    codes = list(FRAUD_TYPES)
    suspected = suspected_type(shown.subject.lead_reason, shown.subject.rule_ids or [])
    st.selectbox(
        "Type",
        codes,
        index=codes.index(suspected),
        format_func=FRAUD_TYPES.__getitem__,
        key=shown.field("type"),
        label_visibility="collapsed",
        width=165,
    )


def _button(
    source: Source,
    shown: Shown,
    deed: Deed,
    label: str,
    shortcut: str | None,
    *,
    kind: Any = "secondary",
    off: bool = False,
) -> None:
    st.button(
        label,
        key=shown.button(deed),
        shortcut=shortcut,
        type=kind,
        disabled=off,
        on_click=partial(press, source, shown, deed),
    )


@st.dialog("Keys")
def _help() -> None:
    rows = "".join(f"<dt><kbd>{key}</kbd></dt><dd>{words}</dd>" for key, words in KEYS)
    st.html(f"<dl class='fg-keys'>{rows}</dl>")


@cache
def _keys() -> Any:
    script = files("dashboard.views.case").joinpath("keys.js").read_text("utf-8")
    return st.components.v2.component("faregate_case_keys", js=script)

"""The row of controls above the table; all they say is in the address."""

from collections.abc import Callable

import streamlit as st

from app.desk.fraud_types import FRAUD_TYPES
from dashboard.views.queue.filters import AGES_MIN, ALERTING, Assignee, Filters, age
from dashboard.views.queue.rows import Choices
from dashboard.wording import VERDICTS

MORE = ("type", "zone", "amount_from", "amount_to", "newer", "older", "rule", "model")
NAMES = ("verdict", "assignee", *MORE)
PLACES = ("after", "before")  # of paging


def show(choices: Callable[[], Choices]) -> tuple[Filters, str]:
    """The filters that are set, and what is searched for, if anything."""
    text = st.text_input(
        "Search",
        key="q",
        bind="query-params",
        placeholder="/ search by any id",
        label_visibility="collapsed",
        max_chars=80,
        width=200,
    )
    st.pills(
        "Verdict",
        [VERDICTS[verdict] for verdict in ALERTING],
        selection_mode="multi",
        key="verdict",
        bind="query-params",
        label_visibility="collapsed",
        on_change=start_over,
    )
    st.segmented_control(
        "Whose",
        [assignee.value for assignee in Assignee if assignee is not Assignee.ANYBODY],
        key="assignee",
        bind="query-params",
        label_visibility="collapsed",
        on_change=start_over,
    )
    with st.popover("Filters"):
        _more(choices())
    return _asked(), (text or "").strip()


def _asked() -> Filters:
    """As the controls stand, which the address follows."""
    said = {name: st.session_state.get(name) for name in NAMES}
    return Filters.from_address({name: _written(value) for name, value in said.items() if value is not None})


def _written(value: object) -> str | list[str]:
    return value if isinstance(value, list) else str(value)


def active(filters: Filters) -> None:
    """Every filter of the popover that is set, to be taken away with one click."""
    words = filters.words()
    if not words:
        return
    with st.container(key="queue_pills", horizontal=True):
        for name, said in words.items():
            st.button(
                f"{said} ✕", key=f"drop_{name}", help="Take this filter away", on_click=clear, args=((name,),)
            )


def clear(names: tuple[str, ...]) -> None:
    """Take filters away."""
    for name in names:
        st.session_state[name] = _NOTHING.get(name)
    start_over()


def start_over() -> None:
    """Other filters make another queue, which is read from its top."""
    for name in PLACES:
        st.query_params.pop(name, None)


_NOTHING: dict[str, object] = {"q": "", "verdict": []}


def _more(choices: Choices) -> None:
    left, right = st.columns(2)
    with left:
        _select("Suspected type", "type", list(FRAUD_TYPES.values()))
        _select("Zone", "zone", _with("zone", choices.zones))
        _amount("Amount from", "amount_from")
        _select("Newer than", "newer", [age(minutes) for minutes in AGES_MIN])
    with right:
        _select("Rule", "rule", _with("rule", choices.rules))
        _select("Model", "model", _with("model", choices.models))
        _amount("Amount up to", "amount_to")
        _select("Older than", "older", [age(minutes) for minutes in AGES_MIN])


def _select(label: str, name: str, options: list[str]) -> None:
    st.selectbox(
        label,
        options,
        index=None,
        key=name,
        bind="query-params",
        placeholder="any",
        on_change=start_over,
    )


def _amount(label: str, name: str) -> None:
    st.number_input(
        label,
        min_value=0.0,
        value=None,
        step=10.0,
        format="%.2f",
        key=name,
        bind="query-params",
        placeholder="any",
        on_change=start_over,
    )


def _with(name: str, known: list[str]) -> list[str]:
    """What the address asks for can be chosen, even if it was not seen lately."""
    asked = st.session_state.get(name) or st.query_params.get(name)
    return known if not asked or asked in known else [asked, *known]

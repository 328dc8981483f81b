"""Links that are followed inside the page, where a plain link would load the console anew."""

from functools import cache, partial
from importlib.resources import files
from typing import Any

import streamlit as st


def followed(key: str) -> str | None:
    """The id in data-decision of the link that was clicked, once.

    A click may come with the run of a part of the page, which asks `is_waiting` and then draws all of it.
    """
    _links()(key=key, on_decision_change=partial(_remember, key))
    clicked: str | None = st.session_state.pop(_waiting(key), None)
    return clicked


def is_waiting(key: str) -> bool:
    return _waiting(key) in st.session_state


def _remember(key: str) -> None:
    clicked = st.session_state[key].get("decision")
    if clicked:
        st.session_state[_waiting(key)] = str(clicked)


def _waiting(key: str) -> str:
    return f"{key}_waiting"


@cache
def _links() -> Any:
    script = files("dashboard").joinpath("links.js").read_text("utf-8")
    return st.components.v2.component("faregate_followed", js=script)

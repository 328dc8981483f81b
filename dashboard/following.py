"""Links that are followed inside the page, where a plain link would load the console anew."""

from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from typing import Any

import streamlit as st


def listen(key: str, take: Callable[[str], None]) -> None:
    """`take` is told the data-decision of a clicked link, before anything is drawn.

    So a click is heard also when it comes with a part of the page that runs by itself and draws nothing else.
    """
    _links()(key=key, on_decision_change=lambda: take(str(st.session_state[key].get("decision") or "")))


def followed(key: str) -> str | None:
    """The id in data-decision of the link that was clicked, once; parts that run alone ask is_waiting."""
    listen(key, partial(_remember, key))
    clicked: str | None = st.session_state.pop(_waiting(key), None)
    return clicked


def is_waiting(key: str) -> bool:
    return _waiting(key) in st.session_state


def _remember(key: str, clicked: str) -> None:
    if clicked:
        st.session_state[_waiting(key)] = clicked


def _waiting(key: str) -> str:
    return f"{key}_waiting"


@cache
def _links() -> Any:
    script = files("dashboard").joinpath("links.js").read_text("utf-8")
    return st.components.v2.component("faregate_followed", js=script)

"""Addresses of the rules pages, and how a link is followed without loading the page anew."""

from functools import cache
from html import escape
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

_FORGET = "rules_forget"


def link(text: str, *, css: str = "", **query: str) -> str:
    """A link to the rules page with this query; no query is the list."""
    address = escape(f"?{urlencode(query)}", quote=True)
    return f"<a href='{address}' target='_self' class='{css}' data-rules-go='{address}'>{escape(text)}</a>"


def go(**query: str) -> None:
    """Open another view of the rules page."""
    st.query_params.from_dict(query)
    st.rerun()


def forget(seed: str) -> None:
    """What was written under this seed is kept in the ledger now: the browser need not hold it."""
    st.session_state[_FORGET] = seed


def follow() -> None:
    result = _links()(
        key="rules_links",
        data={"forget": st.session_state.pop(_FORGET, None)},
        on_address_change=lambda: None,
    )
    if result.address is not None:
        st.query_params.from_dict(dict(parse_qsl(str(result.address).lstrip("?"))))


@cache
def _links() -> Any:
    script = files(__package__).joinpath("addresses.js").read_text("utf-8")
    return st.components.v2.component("faregate_rules_links", js=script)

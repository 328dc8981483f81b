"""Links that are followed inside the page, where a plain link would load the console anew."""

from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st


def followed(key: str) -> str | None:
    """The id in data-decision of the link that was clicked, once."""
    result = _links()(key=key, on_decision_change=lambda: None)
    return str(result.decision) if result.decision else None


@cache
def _links() -> Any:
    script = files("dashboard").joinpath("links.js").read_text("utf-8")
    return st.components.v2.component("faregate_followed", js=script)

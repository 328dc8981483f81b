"""Whether somebody stays with a case, or leafs on."""

from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st


def is_settled(decision_id: str) -> bool:
    """To be asked in a fragment, which runs again as soon as it is so."""
    result = _component()(key="case_settled", data={"decision": decision_id}, on_settled_change=lambda: None)
    return bool(result.settled == decision_id)


@cache
def _component() -> Any:
    script = files("dashboard.views.case").joinpath("settled.js").read_text("utf-8")
    return st.components.v2.component("faregate_case_settled", js=script)

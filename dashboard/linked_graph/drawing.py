"""Drawings of ours in a page: st.html lets no SVG through."""

from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

from dashboard import shell


def put(svg: str, *, key: str) -> None:
    """`svg` must hold escaped data only."""
    shell.put_css("dashboard.linked_graph")
    _drawing()(data={"svg": svg}, key=key, height="content")


@cache
def _drawing() -> Any:
    script = files("dashboard.linked_graph").joinpath("drawing.js").read_text("utf-8")
    return st.components.v2.component("faregate_drawing", js=script, isolate_styles=False)

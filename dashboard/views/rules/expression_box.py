"""The box that an expression is written in: it tells what the word under the cursor could become."""

from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st
from msgspec import to_builtins

from dashboard.views.rules.words import words


def show(expression: str, *, seed: str) -> str:
    """As source.ExpressionBox; the text comes a moment after the last key."""
    data = {"text": expression, "seed": seed, "words": _words()}
    result = _box()(
        key=f"expression_{seed}", data=data, default={"text": expression}, on_text_change=lambda: None
    )
    return str(result.text if result.text is not None else expression)


@cache
def _words() -> list[dict[str, str]]:
    told: list[dict[str, str]] = to_builtins(words())
    return told


@cache
def _box() -> Any:
    folder = files(__package__)
    return st.components.v2.component(
        "faregate_expression_box",
        html=folder.joinpath("expression_box.html").read_text("utf-8"),
        css=folder.joinpath("expression_box.css").read_text("utf-8"),
        js=folder.joinpath("expression_box.js").read_text("utf-8"),
    )

"""The one cookie of the console: the token of a session, so that a reloaded page is still signed in."""

from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

COOKIE = "faregate_console"


def held() -> str | None:
    """As the browser told it when it connected."""
    return st.context.cookies.get(COOKIE)


def keep(token: str, max_age_s: int) -> None:
    _set(token, max_age_s)


def forget(token: str) -> None:
    """Unless the browser holds another by now."""
    _set(token, 0)


def _set(token: str, max_age_s: int) -> None:
    data = {"name": COOKIE, "token": token, "max_age_s": max_age_s}
    _component()(key="cookie", data=data)


@cache
def _component() -> Any:
    script = files("dashboard.signing").joinpath("cookie.js").read_text("utf-8")
    return st.components.v2.component("faregate_cookie", js=script)

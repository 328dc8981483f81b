"""From page to page without loading the console anew."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn
from urllib.parse import urlencode
from uuid import uuid4

import streamlit as st

QUEUE = "queue"
Address = Mapping[str, str | list[str]]


def case_link(decision_id: str, kept: Address | None = None) -> str:
    """The relative address of a case; `kept` is that of the queue one comes from, as one parameter.

    The queue's own parameters belong to its controls: Streamlit lets no other page write them.
    """
    packed = {QUEUE: urlencode(kept, doseq=True)} if kept else {}
    return f"case?{urlencode({'decision': decision_id, **packed})}"


def open_case(decision_id: str, kept: Address | None = None) -> NoReturn:
    go(case_link(decision_id, kept))


def open_queue(kept: Address | None = None) -> NoReturn:
    """Go to the queue, as `kept` filters it."""
    go(f"{QUEUE}?{urlencode(kept, doseq=True)}" if kept else QUEUE)


def go(to: str) -> NoReturn:
    """Leave for a relative address of the console, as in `rings?ring=ring_a`; nothing after it is run.

    st.switch_page would do on a page that does not refresh itself: a refresh that is under way when the
    next page is drawn leaves it blank.
    """
    _browser()(key="go", data={"to": to, "key": uuid4().hex})
    st.stop()


@cache
def _browser() -> Any:
    script = files("dashboard").joinpath("go.js").read_text("utf-8")
    return st.components.v2.component("faregate_go", js=script)

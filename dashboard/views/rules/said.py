"""What a deed came to, said on the page that is shown next; what was refused is said where it was asked."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.desk.errors import DeskRefused, DeskUnavailable
from app.rules.errors import RuleRefused
from dashboard import markup
from dashboard.health import Level
from dashboard.reading import ReadingsUnavailable
from dashboard.views.rules import wording

_SAID = "rules_said"
REFUSALS = (RuleRefused, DeskRefused, DeskUnavailable, ReadingsUnavailable)


def show() -> None:
    sentence = st.session_state.pop(_SAID, None)
    if sentence:
        st.html(markup.notice(sentence, level=Level.WELL))
    else:
        st.empty()  # what follows keeps its place when the sentence goes


def keep(sentence: str) -> None:
    st.session_state[_SAID] = sentence


def attempt(deed: Callable[[], Any]) -> Any | None:
    """What the deed gives, or None after its refusal was shown."""
    try:
        return deed()
    except REFUSALS as refusal:
        st.html(markup.notice(wording.sentence(refusal), level=Level.WATCH))
        return None

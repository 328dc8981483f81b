"""A lead puts a setting in force: says why, reads what it changes, and is told when somebody was faster."""

import secrets
from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st
from msgspec import Struct

from app.desk.errors import DeskRefused, DeskUnavailable
from app.desk.people import Person
from app.policies.naming import policy_name
from app.policies.store import MOST_WHY
from dashboard import markup
from dashboard.health import Level
from dashboard.views.dial import state
from dashboard.views.dial.readings import Standing
from domain.policy import Policy, PolicyRefused

_SAID, _WHY, _ASKED = "dial_said", "dial_why", "dial_asked"


class About(Struct, frozen=True, kw_only=True):
    """What would change, in words, and what the past says of it."""

    changes: list[str]
    effect: str
    warning: str | None
    evidence: dict[str, Any]


class _Asked(Struct, frozen=True, kw_only=True):
    """What the dialog was opened for: `standing` is what this person saw then, `key` is of this one deed."""

    policy: Policy
    standing: Standing
    about: About
    key: str


def ask(standing: Standing, policy: Policy, about: About) -> None:
    """The dialog is open from now on, until it is done or closed."""
    st.session_state[_ASKED] = _Asked(
        policy=policy, standing=standing, about=about, key=secrets.token_hex(16)
    )


def open_if_asked(apply: Callable[..., int], person: Person) -> None:
    asked: _Asked | None = st.session_state.get(_ASKED)
    if asked:
        st.dialog(_title(asked.policy), on_dismiss=_close)(_dialog)(apply, person, asked)


def tell() -> None:
    """What was done a moment ago, once."""
    said = st.session_state.pop(_SAID, None)
    if said:
        st.html(markup.notice(said, level=Level.WELL))


def _title(policy: Policy) -> str:
    if policy.thresholds:
        return "Set the thresholds"
    if policy.reviews_a_day is not None:
        return "Set how many reviews can be done"
    return "Go by the model's own thresholds"


def _close() -> None:
    st.session_state.pop(_ASKED, None)


def _dialog(apply: Callable[..., int], person: Person, asked: _Asked) -> None:
    about = asked.about
    st.html(
        "<p>It holds for every model and every payment within a second.</p>"
        f"<ul class='fg-dial-changes'>{''.join(f'<li>{escape(line)}</li>' for line in about.changes)}</ul>"
        f"<div class='fg-dial-effect'>By these payments: {escape(about.effect)}.</div>"
    )
    if about.warning:
        st.html(markup.notice(about.warning, level=Level.WATCH))
    why = st.text_area("Why", key=_WHY, max_chars=MOST_WHY, placeholder="for those who ask later")
    if not st.button("Put in force", type="primary", key="dial_confirm"):
        return
    if not why.strip():
        st.html(markup.notice("Say why: whoever looks at the history will ask.", level=Level.WATCH))
        return
    try:
        version = apply(
            asked.policy,
            instead_of=asked.standing.version,
            person_id=person.person_id,
            why=why.strip(),
            evidence=about.evidence,
            key=asked.key,
        )
    except (DeskRefused, DeskUnavailable, PolicyRefused) as refused:
        st.html(markup.notice(str(refused), level=Level.BAD))
        return
    name = policy_name(Policy(version=version))
    st.session_state[_SAID] = f"Policy {version} is in force. Decisions from now on name `{name}`."
    state.follow_present()
    _close()
    st.rerun()

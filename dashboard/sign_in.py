"""Who is signed in: by this browser's session, which the database knows, or an OpenID provider's word."""

import re
import time

import streamlit as st
from msgspec import Struct

from app.desk.errors import DeskRefused, DeskUnavailable
from app.desk.people import Person
from app.desk.sessions import SESSION_HOURS, Sessions, SignInRefused
from dashboard import markup, resources, shell
from dashboard.health import Level
from dashboard.signing import cookie, openid
from dashboard.signing.cookie import COOKIE

__all__ = ["COOKIE", "menu", "person", "show", "signed_in"]
READ_AGAIN_S = 5.0  # a role that was taken away is still shown for so long; writes ask anew
CHECK_EVERY_S = 60.0
TRY_EVERY_S = 3.0
_HELD, _NOTE, _FORGET = "signed_in", "sign_in_note", "forget_token"
ENDED = "Your session has ended: sign in again. This address is kept."
SIGNED_OUT = "You are signed out."


class _Held(Struct, frozen=True, kw_only=True):
    token: str
    person: Person
    read_at: float


class _Note(Struct, frozen=True, kw_only=True):
    """`is_away`: the database does not answer, and the page tries again by itself."""

    text: str
    is_away: bool = False


def person() -> Person | None:
    """Who is signed in here, as the database says it now or said it a moment ago."""
    held: _Held | None = st.session_state.get(_HELD)
    if held and time.monotonic() - held.read_at < READ_AGAIN_S:
        return held.person
    try:
        return _read(held)
    except DeskUnavailable as away:
        if held:
            return held.person
        _note(str(away), is_away=True)
        return None


def signed_in() -> Person:
    """As `person`, for what only signed-in people reach."""
    found = person()
    if found is None:
        st.rerun()
    return found


def _read(held: _Held | None) -> Person | None:
    token = held.token if held else cookie.held()
    found = _sessions().person(token) if token else None
    if token and found:
        return _hold(token, found)
    if _has_left():
        return None
    st.session_state.pop(_HELD, None)
    if token:
        _note(ENDED)
    return _by_openid()


def _by_openid() -> Person | None:
    email = openid.email()
    if email is None:
        return None
    found = _sessions().person_of_email(email)
    if found is None:
        _note(f"{email} may not work here: an admin can add you with `faregate people add --email`.")
        return None
    return _hold(_sessions().open(found.person_id, how="openid"), found)


def _hold(token: str, found: Person) -> Person:
    for name in (_NOTE, _FORGET):
        st.session_state.pop(name, None)
    st.session_state[_HELD] = _Held(token=token, person=found, read_at=time.monotonic())
    return found


def show() -> None:
    """The page for everybody who is not signed in."""
    shell.put_css("dashboard.signing")
    with st.container(key="fg-sign-in"):
        st.html(
            "<div class='fg-brand'><b>Faregate</b><span class='fg-soft'>the analysts' console</span></div>"
        )
        note: _Note | None = st.session_state.get(_NOTE)
        if note:
            st.html(markup.notice(note.text, level=Level.BAD if note.is_away else Level.UNKNOWN))
        if note and note.is_away:
            st.fragment(_try_again, run_every=TRY_EVERY_S)()
        if openid.is_configured():
            _provider()
        _form()
        _forget_cookie()


def _form() -> None:
    with st.form("sign_in", border=False):
        name = st.text_input("Name", autocomplete="username", max_chars=80)
        password = st.text_input("Password", type="password", autocomplete="current-password", max_chars=200)
        pressed = st.form_submit_button("Sign in", type="primary", width="stretch")
    if not pressed:
        return
    try:
        token = _sessions().sign_in(name, password)
        found = _sessions().person(token)
    except (DeskRefused, DeskUnavailable) as refused:
        st.html(markup.notice(str(refused), level=Level.BAD))
        return
    if found:
        _hold(token, found)
        st.rerun()


def _provider() -> None:
    if openid.email() is not None:
        st.button("Use another account", on_click=openid.leave, width="stretch")
    elif st.button("Sign in with your organisation", width="stretch"):
        try:
            openid.go()
        except SignInRefused as refused:
            st.html(markup.notice(str(refused), level=Level.BAD))


def _try_again() -> None:
    try:
        _sessions().person("")
    except DeskUnavailable:
        return
    st.session_state.pop(_NOTE, None)
    st.rerun()


def menu(of: Person) -> None:
    """Who is signed in, and the way out; it also notices by itself when the session ends."""
    shell.put_css("dashboard.signing")
    held: _Held | None = st.session_state.get(_HELD)
    with st.container(key="fg-me", horizontal=True, width="content"):
        if held:
            cookie.keep(held.token, SESSION_HOURS * 3600)
        st.fragment(_menu, run_every=CHECK_EVERY_S)(of)


def _menu(of: Person) -> None:
    if person() is None:
        st.rerun()
    label = f"{_plain(of.name)} · {of.role}"
    if st.menu_button(label, ["Sign out"], key="me", type="tertiary"):
        _sign_out()


def _sign_out() -> None:
    held: _Held | None = st.session_state.pop(_HELD, None)
    if held:
        st.session_state[_FORGET] = held.token
        try:
            _sessions().close(held.token)
        except (DeskRefused, DeskUnavailable) as refused:
            st.session_state[_HELD] = held
            st.toast(str(refused))
            return
    _note(SIGNED_OUT)
    if openid.email() is not None:
        openid.leave()
    st.rerun()


def _has_left() -> bool:
    """Whoever signed out stays out, although the provider would vouch for them again."""
    return _FORGET in st.session_state


def _forget_cookie() -> None:
    token = st.session_state.get(_FORGET)
    if token:
        cookie.forget(token)


def _note(text: str, *, is_away: bool = False) -> None:
    st.session_state[_NOTE] = _Note(text=text, is_away=is_away)


def _plain(name: str) -> str:
    """Names are no Markdown."""
    return re.sub(r"([^\w\s])", r"\\\1", name)


@st.cache_resource(show_spinner=False)
def _sessions() -> Sessions:
    return Sessions(resources.desk())

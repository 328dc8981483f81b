"""Signing in at an OpenID provider, when `.streamlit/secrets.toml` has an [auth] section."""

import streamlit as st
from streamlit.errors import Error

from app.desk.sessions import SignInRefused


def is_configured() -> bool:
    return "is_logged_in" in st.user


def email() -> str | None:
    """Of whoever came back from the provider, if it vouches for the address."""
    if not st.user.get("is_logged_in") or st.user.get("email_verified") is False:
        return None
    told = st.user.get("email")
    return told if isinstance(told, str) else None


def go() -> None:
    """Raises SignInRefused when the console's host is not ready for it."""
    try:
        st.login()
    except Error as fault:
        raise SignInRefused(
            "Signing in at your organisation is not set up: the console needs all of "
            "[auth] in .streamlit/secrets.toml (docs/console.md). Sign in with a password meanwhile."
        ) from fault


def leave() -> None:
    st.logout()

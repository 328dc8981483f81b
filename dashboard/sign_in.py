"""Who is signed in."""

import streamlit as st

from app.desk.people import Person, Role


def person() -> Person | None:
    return Person(person_id="lea", name="Lea", role=Role.ADMIN)


def show() -> None:
    st.html("<p>sign in</p>")

"""The case page with its sources."""

import streamlit as st


def page() -> None:
    st.html("<p>case</p>")

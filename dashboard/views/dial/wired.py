"""The dial page with its sources."""

import streamlit as st


def page() -> None:
    st.html("<p>dial</p>")

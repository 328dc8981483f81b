"""The colours of style.css for charts, which cannot read them: one accent, and red only for money lost."""

import streamlit as st
from msgspec import Struct

from domain.decision import Verdict


class Palette(Struct, frozen=True, kw_only=True):
    accent: str
    soft: str
    line: str
    watch: str
    loss: str
    approve: str
    review: str
    challenge: str
    decline: str

    def of(self, verdict: Verdict) -> str:
        colour: str = getattr(self, str(verdict))
        return colour


LIGHT = Palette(
    accent="#0d6a6f",
    soft="#5c6a72",
    line="#e3e7e9",
    watch="#a86a00",
    loss="#b3261e",
    approve="#c9d0d4",
    review="#a9d3d3",
    challenge="#4b9ea1",
    decline="#0b484d",
)
DARK = Palette(
    accent="#62bfc0",
    soft="#94a3ab",
    line="#2a343b",
    watch="#e2ac4d",
    loss="#f2867d",
    approve="#46525a",
    review="#2b5f63",
    challenge="#46989b",
    decline="#9be3e1",
)


def palette() -> Palette:
    """Of the theme that the browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]

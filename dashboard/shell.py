"""What every page has: the style, who is signed in, and the pages that this person may open."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import streamlit as st

from app.desk.people import Person, Role


@dataclass(frozen=True, kw_only=True)
class Place:
    """A page: `path` is its address, `least` who may open it. A hidden one is reached by links only."""

    path: str
    title: str
    page: Callable[[], None]
    least: Role = Role.ANALYST
    hidden: bool = False
    default: bool = False


def run(places: list[Place], person: Person) -> None:
    """Show the page that the address names, among those that the person may open."""
    open_to = [place for place in places if person.role.allows(place.least)]
    opened = st.navigation(
        [
            st.Page(
                place.page,
                title=place.title,
                url_path=place.path,
                default=place.default,
                visibility="hidden" if place.hidden else "visible",
            )
            for place in open_to
        ],
        position="top",
    )
    opened.run()


def put_style() -> None:
    put_css("dashboard")


def put_css(package: str) -> None:
    """The style of one page, which stands beside it."""
    st.html(f"<style>{_css(package)}</style>")


@cache
def _css(package: str) -> str:
    return files(package).joinpath("style.css").read_text("utf-8")

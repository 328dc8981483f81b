"""What every page has: the style, who is signed in, and the pages that this person may open."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app.desk.people import Person, Role
from dashboard import markup

SHOWN, CAME = "page_shown", "page_came"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A page: `path` is its address, `least` who may open it. A hidden one is reached by links only, the
    default one also by the bare address."""

    path: str
    title: str
    page: Callable[[], None]
    least: Role = Role.ANALYST
    hidden: bool = False
    default: bool = False


def run(places: list[Place], person: Person, menu: Callable[[Person], None]) -> None:
    """Show the page that the address names; one that the person may not open says so."""
    pages = [_page(place, person) for place in places]
    [first] = [page for page, place in zip(pages, places, strict=True) if place.default]
    opened = st.navigation([_door(partial(_go_to, first)), *pages], position="top")
    menu(person)
    st.session_state[CAME] = st.session_state.get(SHOWN) != opened.url_path
    st.session_state[SHOWN] = opened.url_path
    opened.run()


def has_come() -> bool:
    """Whether the person was on another page before, in a run of a whole page."""
    return bool(st.session_state.get(CAME))


def run_closed(places: list[Place], page: Callable[[], None]) -> None:
    """The same page at every address, which stays as it is."""
    closed = [st.Page(partial(page), title="Sign in", url_path=place.path) for place in places]
    st.navigation([_door(page), *closed], position="hidden").run()


def _door(page: Callable[[], None]) -> StreamlitPage:
    """What stands at the bare address: Streamlit gives its default page no other, and every page of ours
    shall have one."""
    return st.Page(partial(page), title="Faregate", url_path="start", default=True, visibility="hidden")


def _go_to(page: StreamlitPage) -> None:
    st.switch_page(page, query_params=st.query_params.to_dict())


def _page(place: Place, person: Person) -> StreamlitPage:
    is_open = person.role.allows(place.least)
    return st.Page(
        place.page if is_open else partial(_refuse, place, person),
        title=place.title,
        url_path=place.path,
        visibility="visible" if is_open and not place.hidden else "hidden",
    )


def _refuse(place: Place, person: Person) -> None:
    st.html(
        markup.notice(
            f"{place.title} is for {place.least}s, and you are signed in as {person.name}, {person.role}. "
            "An admin can change your role."
        )
    )


def put_style() -> None:
    put_css("dashboard")


def put_css(package: str) -> None:
    """The style of one page, which stands beside it."""
    st.html(f"<style>{_css(package)}</style>")


@cache
def _css(package: str) -> str:
    return files(package).joinpath("style.css").read_text("utf-8")

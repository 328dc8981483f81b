"""The page: who works here, and who did what?"""

import streamlit as st

from app.desk.audit import Told
from app.desk.people_store import OWNER, Listed
from dashboard import markup, shell
from dashboard.health import Level
from dashboard.reading import ReadingsUnavailable
from dashboard.views.people import view
from dashboard.views.people.source import Asked, Source

PAGE = 50  # deeds
ALL = "all"
HOW_TO = (
    "`faregate people add eva analyst` lets somebody in; `faregate people role`, `password` and `disable` "
    "change it. A role counts from the person's next click on."
)
NO_DEEDS = "Nobody did anything of this kind. Choose another person or another action."
NO_PEOPLE = "Nobody may sign in yet. `faregate people add eva admin` lets the first one in."


def show(source: Source) -> None:
    shell.put_css("dashboard.views.people")
    try:
        people = source.everybody()
        _people(people)
        _trail(source, people)
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))


def _people(people: list[Listed]) -> None:
    st.html(markup.title("People", "who may sign in, and as what; times in UTC"))
    st.html(view.people(people) if people else markup.notice(NO_PEOPLE))
    st.html(markup.notice(HOW_TO))


def _trail(source: Source, people: list[Listed]) -> None:
    st.html(markup.title("Audit trail", "who did what, the newest first; times in UTC"))
    asked = _asked(people)
    told = source.trail(asked)
    if not told:
        st.html(markup.notice(NO_DEEDS))
    else:
        st.html(view.trail(told[:PAGE], {person.person_id: person.name for person in people}))
    _paging(told, asked)


def _asked(people: list[Listed]) -> Asked:
    """Each choice lives in the address, so that a view can be sent."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        person_id = st.selectbox(
            "Person",
            [ALL, *(person.person_id for person in people), OWNER],
            format_func=lambda one: "everybody" if one == ALL else one,
            key="who",
            bind="query-params",
            on_change=_from_the_newest,
            width=220,
        )
        action = st.selectbox(
            "Action",
            [ALL, *view.ACTIONS],
            format_func=lambda one: "everything" if one == ALL else view.ACTIONS[one],
            key="did",
            bind="query-params",
            on_change=_from_the_newest,
            width=260,
        )
    before = st.query_params.get("before", "")
    return Asked(
        person_id=None if person_id == ALL else person_id,
        action=None if action == ALL else action,
        before_id=int(before) if before.isdecimal() and len(before) < 19 else None,
        most=PAGE + 1,
    )


def _paging(told: list[Told], asked: Asked) -> None:
    """The next page begins where this one ends, however many deeds come meanwhile."""
    with st.container(horizontal=True):
        if asked.before_id is not None:
            st.button("Newest", on_click=_from_the_newest, key="newest")
        if len(told) > PAGE:
            st.button("Older", on_click=_before, args=(told[PAGE - 1].audit_id,), key="older")


def _before(audit_id: int) -> None:
    st.query_params["before"] = str(audit_id)


def _from_the_newest() -> None:
    st.query_params.pop("before", None)

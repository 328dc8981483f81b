"""The case page with its sources."""

from functools import partial
from typing import NoReturn

import streamlit as st

from app.desk.cases import CaseDesk
from dashboard import case_links, resources, sign_in
from dashboard.views.case import page as case_page
from dashboard.views.case.ahead import Ahead
from dashboard.views.case.population import Population
from dashboard.views.case.reader import CaseReader
from dashboard.views.case.readings import Around
from dashboard.views.case.source import Sample, Source
from dashboard.views.case.trip import trip_of, zones
from dashboard.views.queue.filters import Filters
from dashboard.views.queue.reader import QueueReader


def page() -> None:
    person = sign_in.signed_in()
    reader = CaseReader(resources.read_pool())
    case_page.show(
        Source(
            case=reader.case,
            around=lambda subject: _around().get(subject.decision_id) or reader.around(subject),
            standing=reader.standing,
            sample=_sample,
            next_case=partial(_next_case, person_id=person.person_id),
            ahead=_around().fetch,
            cases=CaseDesk(resources.desk()),
            signed_in=sign_in.person,
            open_queue=lambda: case_links.open_queue(_filters().to_address()),
            open_ring=_open_ring,
        ),
        person,
    )


def _filters() -> Filters:
    """Of the queue that one came from: its address travels in this page's."""
    return Filters.from_address(st.query_params)


def _open_ring(ring_id: str) -> NoReturn:
    case_links.go(f"rings?ring={ring_id}")


def _next_case(decision_id: str, person_id: str) -> str | None:
    return QueueReader(resources.read_pool()).next_open(decision_id, _filters(), person_id)


@st.cache_resource(show_spinner=False)
def _around() -> Ahead[Around | None]:
    """What is around a case, read while the one before it is looked at."""
    reader = CaseReader(resources.read_pool())

    def read(decision_id: str) -> Around | None:
        case = reader.case(decision_id)
        return reader.around(case.subject) if case else None

    return Ahead(read)


@st.cache_resource(ttl=300, show_spinner=False)
def _sample() -> Sample:
    """One reading serves everybody for five minutes."""
    rows = CaseReader(resources.read_pool()).sample()
    trips = [trip for row in rows if (trip := trip_of(row.request))]
    return Sample(population=Population.of([row.vector for row in rows]), zones=tuple(zones(trips)))

"""The queue page with its sources."""

import secrets
from collections.abc import Callable

import streamlit as st

from app.desk.cases import CaseDesk
from app.desk.exporting import Exporting
from dashboard import resources, sign_in
from dashboard.views.queue import page as view
from dashboard.views.queue.filters import Filters
from dashboard.views.queue.reader import QueueReader
from dashboard.views.queue.rows import Choices, Look, Page
from dashboard.views.queue.source import Source


def page() -> None:
    view.show(_source(), sign_in.signed_in())


def _source() -> Source:
    return Source(
        page=lambda filters, cursor, person_id: _reader().page(filters, cursor, person_id),
        look=_look,
        find=lambda text: _reader().find(text),
        choices=_choices,
        names=_names,
        cases=CaseDesk(resources.desk()),
        export=_exporting(),
    )


def _reader() -> QueueReader:
    return QueueReader(resources.read_pool())


def _look(filters: Filters, person_id: str, *, page: Page) -> Look:
    shown = [row.decision_id for row in page.rows]
    return _reader().look(filters, person_id, since=page.taken_at, known=page.known, shown=shown)


@st.cache_data(ttl=30.0, max_entries=1, show_spinner=False)
def _choices() -> Choices:
    return _reader().choices()


@st.cache_data(ttl=30.0, max_entries=1, show_spinner=False)
def _names() -> dict[str, str]:
    return _reader().names()


def _exporting() -> Callable[[Filters, str], str]:
    """With a secret of this session, so that what two people export cannot be put together."""
    secret: bytes = st.session_state.setdefault("queue_secret", secrets.token_bytes(16))
    desk, reader = resources.desk(), _reader()

    def export(filters: Filters, person_id: str) -> str:
        return Exporting(desk).queue(
            lambda: reader.whole(filters, person_id),
            person_id=person_id,
            secret=secret,
            asked=filters.to_address(),
        )

    return export

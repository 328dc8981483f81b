"""The pipeline page with its sources."""

import os
from collections.abc import Sequence

import streamlit as st

from app.desk import audit
from app.desk.audit import Told
from app.desk.dead_letters import ACTION, DeadLetterDesk
from app.desk.event_stream import EventStream
from dashboard import resources, sign_in
from dashboard.reading import reading
from dashboard.views.pipeline import letters, tracing
from dashboard.views.pipeline import page as view
from dashboard.views.pipeline.followed import Followed
from dashboard.views.pipeline.letters import Letter
from dashboard.views.pipeline.rates import RateMeter, Rates
from dashboard.views.pipeline.reader import PipelineReader
from dashboard.views.pipeline.readings import Flow, StreamLook
from dashboard.views.pipeline.stream import StreamLooks
from flink_jobs.routing import check_topic

LOOK_S, LETTERS_S, FOLLOWED_S = 2.0, 5.0, 600.0
MOST_DEEDS = 200


def page() -> None:
    person = sign_in.person()
    if person is None:
        return
    bootstrap = _bootstrap()
    stream = EventStream(bootstrap) if bootstrap else None
    view.show(
        view.Source(
            flow=_flow,
            stream=_stream,
            to_follow=lambda: _reader().to_follow(),
            follow=_follow,
            letters=_letters,
            message=lambda place: letters.shown(stream.read(place) if stream else None),
            sent_again=_sent_again,
            desk=DeadLetterDesk(resources.desk(), stream, check_topic) if stream else None,
        ),
        person,
    )


@st.cache_data(ttl=LOOK_S, max_entries=1, show_spinner=False)
def _flow() -> Flow:
    """One look serves everybody who looks at the same moment."""
    return _reader().flow()


@st.cache_data(ttl=LOOK_S, max_entries=1, show_spinner=False)
def _stream() -> tuple[StreamLook, Rates | None]:
    look = StreamLooks(bootstrap=_bootstrap(), flink_url=os.environ.get("FAREGATE_FLINK_URL")).look()
    return look, _meter().take(look.kafka) if look.kafka else None


@st.cache_resource(show_spinner=False)
def _meter() -> RateMeter:
    return RateMeter()


class _NotWhole(Exception):
    """Carries what a later look may tell better, so that it is not kept."""

    def __init__(self, followed: Followed | None) -> None:
        self.followed = followed


def _follow(decision_id: str) -> Followed | None:
    try:
        return _whole(decision_id)
    except _NotWhole as found:
        return found.followed


@st.cache_data(ttl=FOLLOWED_S, max_entries=200, show_spinner=False)
def _whole(decision_id: str) -> Followed:
    """Kept, because what happened when is known for a moment only: rows are overwritten."""
    kept = _reader().kept(decision_id)
    followed = tracing.follow(_reader(), _bootstrap(), kept) if kept else None
    if followed is None or followed.missing:
        raise _NotWhole(followed)
    return followed


@st.cache_data(ttl=LETTERS_S, max_entries=1, show_spinner=False)
def _letters() -> Sequence[Letter]:
    bootstrap = _bootstrap()
    return letters.newest(bootstrap) if bootstrap else []


def _sent_again() -> Sequence[Told]:
    with reading(resources.read_pool()) as connection:
        return audit.newest(connection, action=ACTION, most=MOST_DEEDS)


def _bootstrap() -> str | None:
    return os.environ.get("FAREGATE_KAFKA")


def _reader() -> PipelineReader:
    return PipelineReader(resources.read_pool())

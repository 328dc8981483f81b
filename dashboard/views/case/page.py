"""The page of one case: was this fraud?"""

from collections.abc import Callable
from functools import partial

import streamlit as st

from app.desk.people import Person
from dashboard import addresses, decision_view, following, markup, shell
from dashboard.health import Level
from dashboard.linked_graph import drawing
from dashboard.reading import ReadingsUnavailable
from dashboard.views.case import (
    head,
    linked,
    outcome,
    population,
    reasons,
    settled,
    similar,
    timeline,
    told,
    trip,
    trip_map,
)
from dashboard.views.case.deeds import Shown
from dashboard.views.case.readings import Around, Case, Subject
from dashboard.views.case.source import Sample, Source
from dashboard.views.case.work import Work, in_hand

TRY_EVERY_S = 3.0
LINKS = "case_links_followed"
NO_CASE = "No case is named in this address. Open one from the queue."
UNKNOWN = (
    "The ledger holds no decision {}. Check the link: an id begins with dec_ and may be cut off. The queue's "
    "search finds a case by any of its ids."
)


def show(source: Source, person: Person) -> None:
    shell.put_css("dashboard.views.case")
    with st.container(key="case_ears"):
        outcome.listen()
        _follow(source)
    decision_id = st.query_params.get("decision")
    if not decision_id:
        st.html(markup.notice(NO_CASE))
        return
    try:
        case = source.case(decision_id)
    except ReadingsUnavailable as away:
        _away(away, partial(source.standing, decision_id))
        return
    if case is None:
        st.html(markup.notice(UNKNOWN.format(f"`{decision_id[:60].replace('`', '')}`")))
        return
    _case(source, person, case)


def _follow(source: Source) -> None:
    """A click on another payment of this page opens it here."""
    clicked = following.followed(LINKS)
    if clicked is None:
        return
    if clicked.startswith("ring_"):
        source.open_ring(clicked)
    in_hand().leave(st.query_params.get("decision", clicked))
    in_hand().notice = None
    st.query_params["decision"] = clicked


def _case(source: Source, person: Person, case: Case) -> None:
    subject = case.subject
    work = in_hand()
    shown = Shown(subject=subject, click=work.click(subject.decision_id, subject.revision or 0))
    with st.container():
        _top(source, person, shown)
    with st.container():
        if subject.revision is not None:
            st.fragment(_watch, run_every=TRY_EVERY_S)(source, person, subject, work.presses)
    left, middle, right = st.columns([1.12, 1.4, 1], gap="medium")
    with left:
        st.html(markup.title("Why") + reasons.markup_of(subject))
        places = st.container()
    with right:
        maps = st.container()
    try:
        around, sample = source.around(subject), source.sample()
    except ReadingsUnavailable as away:
        with middle:
            st.html(markup.notice(str(away), level=Level.BAD))
        return
    with middle:
        _middle(person, case, around, sample)
    with places:
        _places(subject, sample)
    with right:
        _linked(subject, around)
    with maps:
        _ride(subject, around, sample)
    _read_ahead(source, subject)


def _top(source: Source, person: Person, shown: Shown) -> None:
    """In a box of its own: what comes and goes here must not move what is below.

    Streamlit knows a part of a page by its place, and drops a press that comes with a part that is gone.
    """
    notice = in_hand().notice
    st.html(head.markup_of(shown.subject, person.person_id))
    outcome.show(source, person, shown)
    if notice:
        st.html(markup.notice(notice.text, level=Level.WATCH if notice.is_bad else Level.WELL))


def _middle(person: Person, case: Case, around: Around, sample: Sample) -> None:
    subject = case.subject
    st.html(
        markup.title("Rider, card and device", timeline.summary(around.payments, subject))
        + timeline.markup_of(around.payments, subject)
        + markup.title("Similar cases", "same strongest reason, nearest values first")
        + similar.markup_of(subject, around.similar, sample.population)
        + markup.title("Who did what")
        + told.markup_of(case, person.person_id)
    )


def _places(subject: Subject, sample: Sample) -> None:
    vector = population.decoded(subject.vector)
    if vector is None or sample.population is None:
        st.html(markup.title("Against all payments") + _no_values(subject))
    else:
        codes = [reason.code for reason in subject.reasons]
        strips = population.strips(sample.population, vector, codes, subject.currency)
        st.html(markup.title("Against all payments") + population.markup_of(strips, sample.population.size))
    follow = addresses.to_pipeline(subject.decision_id, "Follow it through the pipeline")
    with st.container(key="case_values"), st.expander("Every value, and how it was decided"):
        st.html(
            markup.facts([*decision_view.parties(subject), *decision_view.provenance(subject)])
            + markup.values(decision_view.feature_values(subject) or [])
            + f"<p class='fg-small'>{follow}</p>"
        )


def _no_values(subject: Subject) -> str:
    why = (
        "This payment was decided without a model: there are no values to compare."
        if subject.vector is None
        else "This payment was decided by other features than this release knows."
    )
    return f"<p class='fg-soft fg-small'>{why}</p>"


def _linked(subject: Subject, around: Around) -> None:
    others = linked.others_of(subject, around.links, around.payments)
    ring = f" {addresses.to_ring(around.ring_id, 'Look at the ring')}" if around.ring_id else ""
    st.html(
        markup.title("Linked riders", "filled: known fraud; red: charged back")
        + (f"<p class='fg-small'>{ring}</p>" if ring else "")
    )
    if others:
        drawing.put(linked.drawing(subject, around.links, around.payments, around.marked), key="case_links")
    else:
        st.html(f"<p class='fg-soft fg-small'>{linked.ALONE}</p>")


def _ride(subject: Subject, around: Around, sample: Sample) -> None:
    way = trip.way(subject, around.before)
    if way is None:
        return
    is_fast = way.leg is not None and way.leg.is_fast
    style = "fg-watch" if is_fast else "fg-soft"
    st.html(markup.title("The ride") + f"<p class='fg-small {style}'>{trip.sentence(way)}</p>")
    st.fragment(_map)(subject, way, sample, in_hand().presses)


def _map(subject: Subject, way: trip.Way, sample: Sample, presses: int) -> None:
    """A map takes the browser longest: it comes when somebody stays with the case.

    Until then the last one stays where it is, unseen, for a new canvas would take longer still.
    """
    work = in_hand()
    _draw_what_was_pressed(work, presses)
    is_settled = settled.is_settled(subject.decision_id)
    if is_settled:
        work.map = trip_map.deck(way, sample.zones, dark=st.context.theme.type == "dark")
    st.html(f"<style>.st-key-case_map {{ visibility: {'visible' if is_settled else 'hidden'}; }}</style>")
    with st.container(key="case_map", height=trip_map.HEIGHT_PX, border=False):
        if work.map is not None:
            st.pydeck_chart(work.map, height=trip_map.HEIGHT_PX)


def _watch(source: Source, person: Person, shown: Subject, presses: int) -> None:
    """Tells when somebody changed the case meanwhile; the page stays as it is until it is asked for anew."""
    _draw_what_was_pressed(in_hand(), presses)
    try:
        now = source.standing(shown.decision_id)
    except ReadingsUnavailable as away:
        st.html(markup.notice(str(away), level=Level.BAD))
        return
    if now is None or now.revision == shown.revision:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(markup.notice(head.meanwhile(now, person.person_id), level=Level.WATCH))
        if st.button("Show it as it is now", key=f"case_renew_{shown.decision_id}_{now.revision}"):
            st.rerun()


def _draw_what_was_pressed(work: Work, presses: int) -> None:
    """A press or click in the very moment in which a part of the page runs by itself comes with that run,
    which would draw nothing but the part."""
    if work.presses != presses or following.is_waiting(LINKS):
        st.rerun()


def _read_ahead(source: Source, subject: Subject) -> None:
    try:
        upcoming = source.next_case(subject.decision_id)
    except ReadingsUnavailable:
        return
    if upcoming:
        source.ahead(upcoming)


def _away(away: ReadingsUnavailable, look: Callable[[], object]) -> None:
    """One sentence, and the page again as soon as the database answers."""
    st.html(markup.notice(str(away), level=Level.BAD))
    st.fragment(_try_again, run_every=TRY_EVERY_S)(look)


def _try_again(look: Callable[[], object]) -> None:
    try:
        look()
    except ReadingsUnavailable:
        return
    st.rerun()

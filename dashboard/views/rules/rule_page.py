"""One rule: what it does, how it has done, and what can be done with it."""

import streamlit as st

from app.desk.people import Person
from dashboard import markup
from dashboard.health import Level
from dashboard.reading import ReadingsUnavailable
from dashboard.views.rules import deeds, result_view, rule_view, trying
from dashboard.views.rules.source import RuleView, Source
from domain.rules import Mode

DAYS = 30


def show(source: Source, person: Person, view: RuleView) -> None:
    now = source.now()
    st.html(rule_view.head(view, now))
    left, right = st.columns([2.4, 1], gap="medium")
    with left:
        _standing(source, view)
        _tried(source, view)
    with right:
        st.html(markup.title("What it does"))
        st.html(rule_view.facts(view, now))
        deeds.show(source, person, view)
    _past(view)


def _standing(source: Source, view: RuleView) -> None:
    st.html(markup.title("How it has done", f"last {DAYS} days, with its present expression"))
    try:
        known = source.standings(DAYS)
        if view.rule.mode is Mode.DRAFT and not known.of(view.rule.rule_id).hit_count:
            st.html("<p class='fg-soft fg-note'>Nobody has seen it at work: a draft is not evaluated.</p>")
            return
        st.html(rule_view.standing(view.rule, known, DAYS))
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))


def _tried(source: Source, view: RuleView) -> None:
    st.html(markup.title("What it would have done", "on the decisions of a period, whatever its state"))
    trying.controls(source, view.rule, fault=None)
    newest = next((kept for kept in view.back_tests if kept.is_of(view.rule)), None)
    if newest:
        st.html(result_view.result(newest, source.now()))
    else:
        st.html("<p class='fg-soft fg-note'>It was not back-tested as it is now.</p>")


def _past(view: RuleView) -> None:
    if view.proposals:
        st.html(markup.title("Proposals", "newest first"))
        st.html(rule_view.answers(view.proposals))
    st.html(markup.title("Versions", "newest first"))
    st.html(rule_view.history(view.history))

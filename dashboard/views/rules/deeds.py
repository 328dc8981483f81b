"""What this person may do with a rule now; where not, the page says why."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.desk.people import Person, Role
from app.rules.going_live import RuleDesk
from app.rules.proposals import Proposal
from dashboard import markup
from dashboard.views.rules import rule_view, said
from dashboard.views.rules.addresses import go
from dashboard.views.rules.source import RuleView, Source
from domain.rules import Mode


def show(source: Source, person: Person, view: RuleView) -> None:
    st.html(markup.title("What next"))
    if view.waiting:
        _answer(source, person, view, view.waiting)
    else:
        _propose(source, view)
    _move(source, person, view)


def _answer(source: Source, person: Person, view: RuleView, asked: Proposal) -> None:
    st.html(rule_view.proposal(asked, source.now()))
    why_not = may_not_approve(person, view.author, asked)
    takes_back = asked.proposed_by == person.person_id
    if why_not:
        _soft(why_not)
    if why_not and not takes_back and not person.role.allows(Role.LEAD):
        return
    why = st.text_input("Why", key="answer_why", max_chars=400, placeholder="for those who ask later")
    with st.container(horizontal=True):
        if why_not is None and st.button("Approve", type="primary", key="approve"):
            _do(source, view, lambda desk: desk.answer(asked.proposal_id, True, why=why), "is live now.")
        if st.button("Take it back" if takes_back else "Refuse", key="refuse"):
            told = "is not proposed any more." if takes_back else "stays as it is: the proposal is refused."
            _do(source, view, lambda desk: desk.answer(asked.proposal_id, False, why=why), told)


def may_not_approve(person: Person, author: str, asked: Proposal) -> str | None:
    """Why this person cannot approve, as the desk would say; None if nothing stands against it."""
    if asked.proposed_by == person.person_id:
        return "You proposed it: a second person, a lead, must approve."
    if author == person.person_id:
        return "You wrote it as it is now: a lead who did not must approve."
    if not person.role.allows(Role.LEAD):
        return "A lead must approve it."
    return None


def _propose(source: Source, view: RuleView) -> None:
    rule = view.rule
    if rule.mode is Mode.LIVE and rule.share >= 1:
        _soft(
            "It acts on all riders. To change what it does, edit it: it is in shadow then, and proposed anew."
        )
        return
    tried = view.tried(source.now())
    if tried is None:
        _soft("To go live it needs a back-test of the last seven days, and then a second person's approval.")
        return
    lowest = round(rule.share * 100) + 1 if rule.mode is Mode.LIVE else 1
    if lowest >= 100:
        percent = 100
    else:
        percent = st.slider("Share of riders", lowest, 100, 100, format="%d %%", key="propose_share")
    why = st.text_input("Why it should act", key="propose_why", max_chars=400)
    if st.button("Propose live", type="primary", key="propose"):
        _do(
            source, view,
            lambda desk: desk.propose(rule.rule_id, percent / 100, tried.back_test_id, why=why),
            f"is proposed for {percent} % of riders: a lead who neither wrote nor proposed it can approve.",
        )  # fmt: skip


def _move(source: Source, person: Person, view: RuleView) -> None:
    rule = view.rule
    if not person.role.allows(Role.LEAD):
        _soft("Leads put rules in shadow and retire them.")
        return
    if rule.mode is Mode.LIVE:
        _lower(source, view)
    with st.container(horizontal=True):
        if rule.mode is not Mode.SHADOW and st.button("To shadow", key="shadow", help=_SHADOW):
            _do(
                source, view, lambda desk: desk.shadow(rule.rule_id), "is in shadow: watched, without effect."
            )
        if rule.mode is not Mode.DRAFT and st.button("Retire", key="retire", help=_RETIRE):
            _do(
                source, view, lambda desk: desk.retire(rule.rule_id), "is a draft again: it is not evaluated."
            )


_SHADOW = "Evaluated and recorded with each decision, without effect."
_RETIRE = "Kept, and not evaluated any more."


def _lower(source: Source, view: RuleView) -> None:
    highest = min(round(view.rule.share * 100) - 1, 99)
    if highest < 1:
        return
    with st.popover("Lower the share"):
        percent = st.slider("Share of riders", 0, highest, highest, format="%d %%", key="lower_share") or 1
        if st.button(f"Act on {percent} % of riders", key="lower"):
            _do(
                source, view, lambda desk: desk.lower_share(view.rule.rule_id, percent / 100),
                f"acts on {percent} % of riders now.",
            )  # fmt: skip


def _do(source: Source, view: RuleView, deed: Callable[[RuleDesk], Any], told: str) -> None:
    if said.attempt(lambda: source.do(deed)) is not None:
        said.keep(f"{view.rule.rule_id} {told}")
        go(rule=view.rule.rule_id)


def _soft(sentence: str) -> None:
    st.html(f"<p class='fg-soft fg-note'>{sentence}</p>")

"""What a press does: one deed on the case that it was shown on, once, and then the way on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st

from app.desk.case_state import Block, Resolution
from app.desk.errors import DeskRefused, DeskUnavailable
from app.desk.fraud_types import FRAUD_TYPES
from app.desk.people import Person
from dashboard.reading import ReadingsUnavailable
from dashboard.views.case.head import RESOLVED
from dashboard.views.case.readings import Subject
from dashboard.views.case.source import Source
from dashboard.views.case.work import Work, in_hand

SNOOZE_MINUTES = 60
DAYS: dict[str, int | None] = {"7 days": 7, "30 days": 30, "90 days": 90, "for ever": None}
LISTS = ("block card", "block device", "block rider", "allow rider")
QUEUE_DONE = "No other open case matches: this part of the queue is done."
SIGNED_OUT = "Your session has ended, and nothing was changed: sign in again."


class Deed(StrEnum):
    FRAUD = "fraud"
    GOOD = "good"
    CANNOT_TELL = "cannot_tell"
    ESCALATE = "escalate"
    SNOOZE = "snooze"
    CLAIM = "claim"
    RELEASE = "release"
    UNDO = "undo"


FINISHING = (Deed.FRAUD, Deed.GOOD, Deed.CANNOT_TELL, Deed.ESCALATE, Deed.SNOOZE)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The case and the revision that a button stands on; `click` is the key of its form."""

    subject: Subject
    click: str

    @property
    def decision_id(self) -> str:
        return self.subject.decision_id

    @property
    def revision(self) -> int:
        return self.subject.revision or 0

    def field(self, name: str) -> str:
        """The key of a field whose content outlives the revision."""
        return f"case_{name}_{self.decision_id}"

    def button(self, name: str) -> str:
        return f"case_{name}_{self.decision_id}_{self.revision}_{self.click}"


def press(source: Source, shown: Shown, deed: Deed) -> None:
    """The callback of a button; a press that comes twice leads where the first one led."""
    work, key = in_hand(), f"{shown.click}/{deed}"
    work.presses += 1
    if st.query_params.get("decision") != shown.decision_id:
        return
    if key in work.done:
        st.query_params["decision"] = work.done[key]
        return
    work.notice = None
    work.keep_typed(shown.decision_id, str(st.session_state.get(shown.field("why"), "")))
    person = source.signed_in()
    if person is None:
        work.complain(SIGNED_OUT)
        return
    try:
        if deed is Deed.UNDO:
            leads_to = _undo(source, shown, work, person, key)
        else:
            _do(source, shown, deed, {"person_id": person.person_id, "key": key})
            leads_to = _after(source, shown, work, deed)
    except (DeskRefused, DeskUnavailable) as refused:
        work.complain(str(refused))
        return
    work.finish(shown.decision_id, shown.revision, key, leads_to)
    st.query_params["decision"] = leads_to


def go_on(source: Source, shown: Shown) -> None:
    """To the next case of the queue."""
    work = in_hand()
    work.presses += 1
    if st.query_params.get("decision") != shown.decision_id:
        return
    work.notice = None
    following = _following(source, shown, work)
    if following is None:
        work.say(QUEUE_DONE)
        return
    work.leave(shown.decision_id)
    st.query_params["decision"] = following


def go_back(shown: Shown) -> None:
    """To the case that was shown before."""
    work = in_hand()
    work.presses += 1
    if st.query_params.get("decision") != shown.decision_id:
        return
    while work.trail:
        before = work.trail.pop()
        if before != shown.decision_id:
            st.query_params["decision"] = before
            return


def _do(source: Source, shown: Shown, deed: Deed, who: dict[str, str]) -> None:
    decision_id = shown.decision_id
    match deed:
        case Deed.CLAIM:
            source.cases.claim(decision_id, **who)
        case Deed.RELEASE:
            source.cases.release(decision_id, **who)
        case Deed.SNOOZE:
            source.cases.snooze(decision_id, minutes=SNOOZE_MINUTES, **who)
        case Deed.ESCALATE:
            source.cases.escalate(decision_id, why=_typed(shown), **who)
        case _:
            _decide(source, shown, Resolution(deed.value), who)


def _after(source: Source, shown: Shown, work: Work, deed: Deed) -> str:
    """The case to show then."""
    decision_id = shown.decision_id
    work.deeds = [*work.deeds, decision_id][-50:]
    if deed not in FINISHING:
        return decision_id
    work.keep_typed(decision_id, "")
    following = _following(source, shown, work) if work.goes_on else None
    if following:
        work.leave(decision_id)
    if work.notice is None:
        done = f" {QUEUE_DONE}" if work.goes_on and not following else ""
        work.say(
            f"{_said(shown, deed, 'The last case' if following else 'This case')}{done} U takes it back."
        )
    return following or decision_id


def _decide(source: Source, shown: Shown, resolution: Resolution, who: dict[str, str]) -> None:
    kind = st.session_state.get(shown.field("type")) if resolution is Resolution.FRAUD else None
    source.cases.decide(
        shown.decision_id,
        resolution=resolution,
        fraud_type=kind,
        why=_typed(shown),
        blocks=blocks(shown.subject, resolution, _chosen(shown), _days(shown)),
        revision=shown.revision,
        **who,
    )


def blocks(subject: Subject, resolution: Resolution, chosen: Sequence[str], days: int | None) -> list[Block]:
    """What goes on the lists with a word; raises DeskRefused where word and lists contradict each other."""
    values = {"card": subject.card_id, "device": subject.device_id, "rider": subject.user_id}
    found = []
    for choice in chosen:
        name, _, what = choice.partition(" ")
        if (name == "allow") is not (resolution is Resolution.GOOD):
            raise DeskRefused(
                f"“{choice}” does not go with a case that is {RESOLVED[resolution]}: take the mark away, or "
                "choose another word. Nothing was changed."
            )
        found.append(Block(list="allow" if name == "allow" else "block", value=values[what], days=days))
    return found


def _undo(source: Source, shown: Shown, work: Work, person: Person, key: str) -> str:
    """The newest deed, on whichever case it was done; that case is shown again."""
    target = work.deeds[-1] if work.deeds else shown.decision_id
    source.cases.undo(target, person_id=person.person_id, key=key)
    work.deeds = work.deeds[:-1]
    work.say("Taken back: the case is as it was before.")
    if target != shown.decision_id:
        work.leave(shown.decision_id)
    return target


def _following(source: Source, shown: Shown, work: Work) -> str | None:
    try:
        return source.next_case(shown.decision_id)
    except ReadingsUnavailable as away:
        work.complain(str(away))
        return None


def _typed(shown: Shown) -> str:
    return str(st.session_state.get(shown.field("why"), ""))


def _chosen(shown: Shown) -> list[str]:
    return list(st.session_state.get(shown.field("lists")) or [])


def _days(shown: Shown) -> int | None:
    return DAYS[st.session_state.get(shown.field("days"), "30 days")]


def _said(shown: Shown, deed: Deed, which: str) -> str:
    if deed is Deed.SNOOZE:
        return f"Put aside for {SNOOZE_MINUTES} min."
    if deed is Deed.ESCALATE:
        return "Handed to the leads."
    kind = FRAUD_TYPES.get(st.session_state.get(shown.field("type"), ""), "")
    what = RESOLVED[Resolution(deed.value)]
    return f"{which} was {what}{f' ({kind})' if kind and deed is Deed.FRAUD else ''}."

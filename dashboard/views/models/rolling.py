"""The lead's rollback in the page: a dialog that asks why, how far it is, and what came of it."""

from collections.abc import Callable
from uuid import uuid4

import streamlit as st

from app.desk.errors import DeskRefused
from app.desk.people import Person, Role
from dashboard import markup
from dashboard.health import Level
from dashboard.reading import ReadingsUnavailable
from dashboard.views.models import looks
from dashboard.views.models.readings import Process
from dashboard.views.models.rollback import Rollback, Rollbacks
from domain.display import timestamp

LOOK_EVERY_S = 1.0
LONGEST_WHY = 300


def offer(rollbacks: Rollbacks, person: Person, *, failed: str, former: str | None) -> None:
    """A button, for leads and where there is somebody to go back to."""
    if not person.role.allows(Role.LEAD) or former is None:
        return
    busy = rollbacks.running() is not None
    if st.button("Roll back …", key="roll_back", disabled=busy, help=f"{former} decides again"):
        st.session_state["rollback_key"] = uuid4().hex
        st.dialog("Roll back")(ask)(rollbacks, person, failed=failed, former=former)


def ask(rollbacks: Rollbacks, person: Person, *, failed: str, former: str) -> None:
    """Inside the dialog; what was typed stays when it is refused."""
    st.html(
        markup.notice(
            f"{former} decides again for everybody, from one instant on, once every process of the API has "
            f"it ready. {failed} is retired; it is kept and may come back."
        )
    )
    why = st.text_input("Why", max_chars=LONGEST_WHY, key="rollback_why")
    if st.button(f"Roll back to {former}", type="primary", key="rollback_go"):
        if not why.strip():
            st.warning("Say why, for those who ask later.")
            return
        asked = Rollback(
            failed=failed,
            former=former,
            person_id=person.person_id,
            why=why,
            key=st.session_state.setdefault("rollback_key", uuid4().hex),
        )
        try:
            rollbacks.start(asked)
        except DeskRefused as refused:
            st.warning(str(refused))
            return
        st.rerun()


def tell(rollbacks: Rollbacks, processes: Callable[[str], list[Process]]) -> None:
    """How far a rollback is, or what became of the last one that this browser has seen."""
    running = rollbacks.running()
    if running:
        st.session_state["rollback_seen"] = running.key
        st.fragment(_progress, run_every=LOOK_EVERY_S)(rollbacks, processes)
        return
    newest = rollbacks.newest()
    if (
        newest is None
        or st.session_state.get("rollback_seen", st.session_state.get("rollback_key")) != newest.asked.key
    ):
        return
    if newest.promotion is None:
        st.html(markup.notice(newest.refused, level=Level.WATCH))
        return
    ready = ", ".join(newest.promotion.processes) or "no process of the API runs"
    at = timestamp(newest.promotion.active_from_ms)
    st.html(
        markup.notice(f"{newest.promotion.version} decides since {at} (ready: {ready}).", level=Level.WELL)
    )


def _progress(rollbacks: Rollbacks, processes: Callable[[str], list[Process]]) -> None:
    running = rollbacks.running()
    if running is None:
        st.rerun()
    sentence = f"{running.person_id} rolls back to {running.former}: the API's processes get it ready."
    st.html(markup.notice(sentence, level=Level.WATCH))
    try:
        living = processes(running.former)
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))
        return
    if living:
        st.html(looks.progress(living))

"""Dead letters in the page: a list, one that is open, and an admin's way to send it again, mended."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from html import escape
from urllib.parse import urlencode
from uuid import uuid4

import streamlit as st

from app.desk.audit import Told
from app.desk.dead_letters import DeadLetterDesk, Place, StreamUnavailable
from app.desk.errors import DeskRefused, DeskUnavailable
from app.desk.people import Person, Role
from dashboard import markup
from dashboard.health import Level
from dashboard.html_table import Html, table
from dashboard.reading import ReadingsUnavailable
from dashboard.views.pipeline import letters as reading
from dashboard.views.pipeline.letters import Letter, Shown
from domain.display import timestamp
from domain.topics import DEAD_LETTER

NONE = "Every message of the topics could be read: there are no dead letters."
UNASKED = "Nobody told this console where Kafka is (FAREGATE_KAFKA), so dead letters cannot be shown."


def show(
    letters: Callable[[], Sequence[Letter]],
    message: Callable[[Place], Shown],
    sent_again: Callable[[], Sequence[Told]],
    desk: DeadLetterDesk | None,
    person: Person,
) -> None:
    st.html(
        markup.title("Dead letters", f"messages that nobody could read, newest first; {DEAD_LETTER.name}")
    )
    if desk is None:
        st.html(markup.notice(UNASKED))
        return
    try:
        found = letters()
        again = reading.sent_again(sent_again())
        _opened(found, message, desk, person)
    except (StreamUnavailable, ReadingsUnavailable) as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))
        return
    if not found:
        st.html(markup.notice(NONE))
        return
    rows = (_row(letter, again.get(str(letter.source))) for letter in found)
    st.html(
        "<div class='fg-letters'>"
        + table(("Found, UTC", "Message", "Why", "Detail", "Since then"), rows, wraps=(3,))
        + "</div>"
    )


def _row(letter: Letter, deed: Told | None) -> list[str]:
    since = f"sent again by {deed.person_id}, {deed.at:%H:%M}" if deed else ""
    return [
        timestamp(letter.at_ms).removesuffix(" UTC"),
        Html(_link(letter.source)),
        reading.reason_in_words(letter),
        letter.detail,
        since,
    ]


def _link(source: Place) -> str:
    address = escape("?" + urlencode({"letter": str(source)}), quote=True)
    return f"<a href='{address}' target='_self'>{escape(str(source))}</a>"


def _opened(
    found: Sequence[Letter], message: Callable[[Place], Shown], desk: DeadLetterDesk, person: Person
) -> None:
    """The message that the address names: one of the dead letters, and no other message of Kafka."""
    named = st.query_params.get("letter")
    if not named:
        return
    letter = next((letter for letter in found if str(letter.source) == named), None)
    if letter is None:
        st.html(markup.notice(f"None of the newest dead letters is {named}: open one from the table below."))
        return
    source = letter.source
    shown = message(source)
    with st.container(border=True):
        st.html(markup.title(str(source), f"it {reading.reason_in_words(letter)}: {letter.detail}"))
        if shown.text is None:
            st.html(markup.notice(shown.why_not))
        elif person.role.allows(Role.ADMIN):
            _mend(source, shown.text, desk, person)
        else:
            st.code(shown.text, language="json", wrap_lines=True)
            st.html(markup.notice("An admin can mend it and send it again."))
        st.button("Close", key="close_letter", on_click=_close)


def _mend(source: Place, text: str, desk: DeadLetterDesk, person: Person) -> None:
    """What was typed stays, whatever the desk says of it."""
    mended = st.text_area("Message", value=text, height=180, key=f"mended_{source}")
    if st.button("Send it again", type="primary", key="resend"):
        seed = st.session_state.setdefault("resend_seed", uuid4().hex)
        click = sha256(f"{seed} {source} {mended}".encode()).hexdigest()  # another text is another click
        try:
            resent = desk.resend(source, mended, person_id=person.person_id, key=click)
        except DeskRefused as refused:
            st.warning(str(refused))
        except (DeskUnavailable, StreamUnavailable) as away:
            st.error(str(away))
        else:
            st.success(f"Sent: it stands at {resent.sent_to}, with the key and the time of the old one.")


def _close() -> None:
    st.query_params.pop("letter", None)

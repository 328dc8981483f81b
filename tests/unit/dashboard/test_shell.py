"""Which pages a person may open, and what stands where the others are."""

from streamlit.testing.v1 import AppTest

from app.desk.people import Role
from dashboard import shell


def console(role: object) -> None:
    import streamlit as st

    from app.desk.people import Person, Role
    from dashboard import shell
    from dashboard.shell import Place

    places = [
        Place(
            path="people", title="People", page=lambda: st.text("everybody"), least=Role.ADMIN, default=True
        ),
        Place(path="queue", title="Queue", page=lambda: st.text("the queue")),
    ]
    if role is None:
        shell.run_closed(places, lambda: st.text("sign in"))
    else:
        shell.run(
            places,
            Person(person_id="ana", name="Ana", role=Role(str(role))),
            lambda person: st.text(person.name),
        )


def shown(role: Role | None) -> list[str]:
    test = AppTest.from_function(console, args=(role,), default_timeout=30).run()
    assert not test.exception
    return [text.value for text in test.text] + [html.proto.body for html in test.get("html")]


def test_who_may_open_a_page_sees_it_and_the_menu() -> None:
    assert shown(Role.ADMIN) == ["Ana", "everybody"]


def test_a_page_knows_whether_one_has_just_come() -> None:
    test = AppTest.from_function(console, args=(Role.ADMIN,), default_timeout=30).run()
    assert test.session_state[shell.CAME]
    assert not test.run().session_state[shell.CAME]


def test_a_page_of_others_says_whose_it_is() -> None:
    menu, refusal = shown(Role.ANALYST)
    assert menu == "Ana"
    assert "People is for admins, and you are signed in as Ana, analyst." in refusal


def test_without_anybody_signed_in_every_address_asks_who_it_is() -> None:
    assert shown(None) == ["sign in"]

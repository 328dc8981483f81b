"""Signing in and out, run without a browser on sessions from memory."""

from typing import Any

import pytest
from streamlit.errors import StreamlitMissingAuthlibError
from streamlit.testing.v1 import AppTest

from app.desk.errors import DeskUnavailable
from app.desk.people import Person, Role
from app.desk.sessions import SignInRefused
from dashboard import sign_in
from dashboard.signing import cookie, openid

ANA = Person(person_id="ana", name="Ana *", role=Role.ANALYST)


class FakeSessions:
    def __init__(self) -> None:
        self.open_tokens: dict[str, Person] = {}
        self.asked = 0
        self.away = False
        self.known = {"ana@example.org": ANA}

    def sign_in(self, name: str, password: str) -> str:
        if password != "right":
            raise SignInRefused("Name or password is wrong.")
        return self.open(name, how="password")

    def open(self, person_id: str, *, how: str) -> str:
        token = f"{how} of {person_id}"
        self.open_tokens[token] = ANA
        return token

    def person(self, token: str) -> Person | None:
        self.asked += 1
        if self.away:
            raise DeskUnavailable("The database does not answer.")
        return self.open_tokens.get(token)

    def person_of_email(self, email: str) -> Person | None:
        return self.known.get(email)

    def close(self, token: str) -> None:
        self.open_tokens.pop(token, None)


def page() -> None:
    from dashboard import sign_in

    person = sign_in.person()
    if person is None:
        sign_in.show()
    else:
        import streamlit as st

        sign_in.menu(person)
        st.text(f"inside as {person.role}")


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> FakeSessions:
    fake = FakeSessions()
    monkeypatch.setattr(sign_in, "_sessions", lambda: fake)
    monkeypatch.setattr(cookie, "held", lambda: None)
    return fake


@pytest.fixture
def test() -> AppTest:
    return AppTest.from_function(page, default_timeout=30)


def text(test: AppTest) -> str:
    assert not test.exception
    return "\n".join([*(html.proto.body for html in test.get("html")), *(one.value for one in test.text)])


def enter(test: AppTest, password: str) -> None:
    test.text_input[0].set_value("ana")
    test.text_input[1].set_value(password)
    test.button[0].click().run()


def test_the_right_password_opens_the_page(sessions: FakeSessions, test: AppTest) -> None:
    test.run()
    assert "Faregate" in text(test)
    enter(test, "wrong")
    assert "Name or password is wrong." in text(test)
    enter(test, "right")
    assert "inside as analyst" in text(test)
    asked = sessions.asked
    test.run()
    assert sessions.asked == asked, "a moment later nobody asks again"


def test_a_cookie_opens_the_page_until_its_session_ends(
    sessions: FakeSessions, test: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cookie, "held", lambda: "a token")
    monkeypatch.setattr(sign_in, "READ_AGAIN_S", 0.0)
    sessions.open_tokens["a token"] = ANA
    assert "inside as analyst" in text(test.run())
    sessions.open_tokens.clear()
    assert "Your session has ended" in text(test.run())
    enter(test, "right")
    assert "inside as analyst" in text(test)


def test_whoever_signs_out_is_out_for_good(
    sessions: FakeSessions, test: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cookie, "held", lambda: "a token")
    sessions.open_tokens["a token"] = ANA
    test.run()
    monkeypatch.setattr(sign_in.st, "menu_button", lambda *_, **__: "Sign out")
    assert "You are signed out." in text(test.run())
    assert sessions.open_tokens == {}
    assert "You are signed out." in text(test.run())


def test_a_database_that_is_away_is_a_sentence_and_whoever_is_in_stays(
    sessions: FakeSessions, test: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cookie, "held", lambda: "a token")
    monkeypatch.setattr(sign_in, "READ_AGAIN_S", 0.0)
    sessions.open_tokens["a token"] = ANA
    sessions.away = True
    assert "The database does not answer." in text(test.run())
    sessions.away = False
    assert "inside as analyst" in text(test.run())
    sessions.away = True
    assert "inside as analyst" in text(test.run())


@pytest.mark.parametrize(
    ("email", "shown"),
    [("ana@example.org", "inside as analyst"), ("eve@example.org", "eve@example.org may not work here")],
)
@pytest.mark.usefixtures("sessions")
def test_an_openid_provider_names_the_person(
    test: AppTest, monkeypatch: pytest.MonkeyPatch, email: str, shown: str
) -> None:
    monkeypatch.setattr(openid, "is_configured", lambda: True)
    monkeypatch.setattr(openid, "email", lambda: email)
    assert shown in text(test.run())


@pytest.mark.usefixtures("sessions")
def test_a_configured_provider_is_offered(test: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    went: list[str] = []
    monkeypatch.setattr(openid, "is_configured", lambda: True)
    monkeypatch.setattr(openid, "go", lambda: went.append("there"))
    test.run()
    test.button[0].click().run()
    assert went == ["there"]


@pytest.mark.usefixtures("sessions")
def test_a_provider_that_is_half_configured_is_a_sentence(
    test: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def login() -> None:
        raise StreamlitMissingAuthlibError

    monkeypatch.setattr(openid, "is_configured", lambda: True)
    monkeypatch.setattr(openid.st, "login", login)
    test.run()
    assert "is not set up" in text(test.button[0].click().run())


@pytest.mark.parametrize(
    ("user", "email"),
    [
        ({}, None),
        ({"is_logged_in": False}, None),
        ({"is_logged_in": True, "email": "a@b"}, "a@b"),
        ({"is_logged_in": True, "email": "a@b", "email_verified": False}, None),
        ({"is_logged_in": True}, None),
    ],
)
def test_only_an_address_that_the_provider_vouches_for_counts(
    monkeypatch: pytest.MonkeyPatch, user: dict[str, Any], email: str | None
) -> None:
    monkeypatch.setattr(openid.st, "user", user)
    assert openid.email() == email
    assert openid.is_configured() is bool(user)


def test_names_are_no_markdown() -> None:
    assert sign_in._plain("Ana *") == "Ana \\*"

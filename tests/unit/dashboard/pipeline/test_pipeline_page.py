"""The pipeline page's logic, run without a browser on readings from memory."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pipeline_page_factories import EVENT, NOW, a_flow, a_kept, a_letter, a_stream
from streamlit.testing.v1 import AppTest

from app.desk.audit import Told
from app.desk.dead_letters import Place, Resent, StreamUnavailable
from app.desk.errors import DeskRefused
from app.desk.people import Person, Role
from dashboard.reading import ReadingsUnavailable
from dashboard.views.pipeline.followed import Followed, Step
from dashboard.views.pipeline.letters import Letter, Shown
from dashboard.views.pipeline.page import Source
from dashboard.views.pipeline.readings import Flow

ADMIN = Person(person_id="ada", name="Ada", role=Role.ADMIN)
ANALYST = Person(person_id="ana", name="Ana", role=Role.ANALYST)
OPEN = {"letter": "rides.events.v1/2/55"}
STEPS = [Step(name="Produced", at_ms=1.0, gap="", note="payment.decided <txn>")]


class FakeDesk:
    """Keeps what was sent; refuses what is `bad`."""

    def __init__(self) -> None:
        self.sent: list[tuple[Place, str, str, str]] = []

    def resend(self, source: Place, text: str, *, person_id: str, key: str) -> Resent:
        if text == "bad":
            raise DeskRefused("It still cannot be read (not_json): mend it, then send it.")
        self.sent.append((source, text, person_id, key))
        return Resent(source=source, sent_to=EVENT, by=person_id)


def page(source: object, person: object) -> None:
    from dashboard.views.pipeline import page as view

    view.show(source, person)


@pytest.fixture
def run() -> Callable[..., AppTest]:
    def shown(person: Person = ADMIN, query: dict[str, str] | None = None, **given: Any) -> AppTest:
        sources: dict[str, Any] = {
            "flow": a_flow,
            "stream": lambda: (a_stream(), None),
            "to_follow": lambda: "dec_a",
            "follow": lambda decision_id: Followed(kept=a_kept(decision_id=decision_id), steps=STEPS),
            "letters": lambda: [a_letter()],
            "message": lambda _: Shown(text='{"type": <b>}'),
            "sent_again": list,
            "desk": FakeDesk(),
        }
        test = AppTest.from_function(page, args=(Source(**{**sources, **given}), person), default_timeout=30)
        for name, value in (query or {}).items():
            test.query_params[name] = value
        test.run()
        assert not test.exception
        return test

    return shown


def text(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def test_the_page_shows_flow_a_followed_event_and_dead_letters(run: Callable[..., AppTest]) -> None:
    shown = text(run())
    for piece in (
        "Checkpoint",
        "Parity",
        "payment.decided &lt;txn&gt;",
        "dec_a",
        "is no JSON",
        "&lt;truncated&gt;",
    ):
        assert piece in shown


def test_a_decision_is_followed_by_address_and_the_newest_by_click(run: Callable[..., AppTest]) -> None:
    test = run(query={"decision": "dec_b"})
    assert "decision=dec_b" in text(test)
    test.button(key="follow_newest").click().run()
    assert "decision=dec_a" in text(test)


def test_what_cannot_be_followed_is_said(run: Callable[..., AppTest]) -> None:
    assert "no event to follow yet" in text(run(to_follow=lambda: None))
    assert "The ledger holds no decision dec_a" in text(run(follow=lambda _: None))
    gone = Followed(kept=a_kept(), steps=[], missing="Kafka keeps the events no more.")
    assert "Kafka keeps the events no more." in text(run(follow=lambda _: gone))


def test_no_dead_letters_is_said(run: Callable[..., AppTest]) -> None:
    assert "there are no dead letters" in text(run(letters=list))
    assert "FAREGATE_KAFKA" in text(run(desk=None))


def test_an_admin_mends_and_sends_a_message_with_one_key_a_click(run: Callable[..., AppTest]) -> None:
    desk = FakeDesk()
    test = run(query=OPEN, desk=desk)
    test.text_area[0].set_value("bad")
    test.button(key="resend").click().run()
    assert "It still cannot be read" in test.warning[0].value
    assert test.text_area[0].value == "bad"
    test.text_area[0].set_value("good")
    test.button(key="resend").click().run()
    test.button(key="resend").click().run()
    assert "it stands at payments.decisions.v1/2/41" in test.success[0].value
    assert [sent[:3] for sent in desk.sent] == [(a_letter().source, "good", "ada")] * 2
    assert len({sent[3] for sent in desk.sent}) == 1


def test_others_may_look_but_not_send(run: Callable[..., AppTest]) -> None:
    test = run(person=ANALYST, query=OPEN)
    assert test.code[0].value == '{"type": <b>}'
    assert [button.key for button in test.button] == ["follow_newest", "close_letter"]


def test_what_may_not_be_shown_is_said_and_cannot_be_sent(run: Callable[..., AppTest]) -> None:
    test = run(
        query=OPEN, message=lambda _: Shown(text=None, why_not="It holds what looks like a card number.")
    )
    assert "It holds what looks like a card number." in text(test)
    assert not test.text_area
    assert "None of the newest dead letters is nothing" in text(run(query={"letter": "nothing"}))


def test_who_has_sent_a_message_again_is_told(run: Callable[..., AppTest]) -> None:
    deed = Told(
        audit_id=1, at=NOW, person_id="ada", role="admin", action="dead_letter.resend",
        subject="rides.events.v1/2/55", details={},
    )  # fmt: skip
    assert "sent again by ada" in text(run(sent_again=lambda: [deed]))


def test_a_kafka_that_is_away_is_a_sentence(run: Callable[..., AppTest]) -> None:
    def away() -> Sequence[Letter]:
        raise StreamUnavailable("Kafka does not answer: try again in a moment.")

    stream = a_stream(kafka=None, flink=None)
    shown = text(run(letters=away, stream=lambda: (stream, None)))
    assert "Kafka does not answer: try again in a moment." in shown
    assert "the JobManager does not answer" in shown


def test_a_database_that_is_away_is_a_sentence(run: Callable[..., AppTest]) -> None:
    def away() -> Flow:
        raise ReadingsUnavailable("The database does not answer.")

    assert "The database does not answer." in text(run(flow=away))

"""What every outbox promises the relay, asked of the fake and of PostgreSQL."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from fakes import FakeOutbox

from app.outbox import Message, Outbox, Passed, PostgresOutbox

Put = Callable[[str], int]
Subject = tuple[Outbox, Put]


@pytest.fixture(params=["fake", "postgres"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "fake":
        fake = FakeOutbox()
        yield fake, lambda text: fake.put("topic", "key", text.encode())
        return
    conninfo: Callable[[str], str] = request.getfixturevalue("conninfo")
    with (
        psycopg.connect(conninfo("faregate_relay"), autocommit=True) as ours,
        psycopg.connect(conninfo("faregate_owner"), autocommit=True) as theirs,
    ):
        yield PostgresOutbox(ours), lambda text: _insert(theirs, text)


def _insert(connection: psycopg.Connection, text: str) -> int:
    row = connection.execute(
        "insert into outbox (topic, key, payload) values ('topic', 'key', %s) returning id", (text.encode(),)
    ).fetchone()
    assert row is not None
    return int(row[0])


def _all_sent(messages: list[Message]) -> list[int]:
    return [message.id for message in messages]


def test_the_oldest_come_first_and_once(subject: Subject) -> None:
    outbox, put = subject
    for text in ("one", "two", "three"):
        put(text)
    seen: list[bytes] = []

    def send(messages: list[Message]) -> list[int]:
        seen.extend(message.payload for message in messages)
        return _all_sent(messages)

    assert outbox.pass_on(send, 2) == Passed(taken=2, sent=2)
    assert outbox.pass_on(send, 2) == Passed(taken=1, sent=1)
    assert outbox.pass_on(send, 2) == Passed(taken=0, sent=0)
    assert seen == [b"one", b"two", b"three"]


def test_what_was_not_delivered_comes_again(subject: Subject) -> None:
    outbox, put = subject
    put("one")
    second = put("two")
    assert outbox.pass_on(lambda _: [second], 10) == Passed(taken=2, sent=1)
    seen: list[bytes] = []
    outbox.pass_on(lambda messages: seen.extend(m.payload for m in messages) or [], 10)
    assert seen == [b"one"]


def test_a_failure_while_sending_loses_nothing(subject: Subject) -> None:
    outbox, put = subject
    put("one")

    def fails(_messages: list[Message]) -> list[int]:
        raise ConnectionError("the network is gone")

    with pytest.raises(ConnectionError):
        outbox.pass_on(fails, 10)
    assert outbox.pass_on(_all_sent, 10) == Passed(taken=1, sent=1)


def test_settled_until_the_oldest_unsent(subject: Subject) -> None:
    outbox, put = subject
    settled = outbox.settled()
    assert settled.until == settled.now
    put("one")
    before_second = outbox.settled().until
    put("two")
    assert outbox.settled().until == before_second <= outbox.settled().now
    outbox.pass_on(_all_sent, 10)
    settled = outbox.settled()
    assert settled.until == settled.now

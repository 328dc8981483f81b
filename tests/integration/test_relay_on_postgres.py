"""The relay's side of PostgreSQL that only several connections show."""

import time
from collections.abc import Callable
from threading import Event, Thread

import psycopg
import pytest
from fakes import FakePublisher

from app.outbox import Message, PostgresOutbox
from app.relay import Relay

INSERT = "insert into outbox (topic, key, payload) values ('payments.decisions.v1', 'usr_a', %s)"


def _connect(conninfo: Callable[[str], str], role: str) -> psycopg.Connection:
    return psycopg.connect(conninfo(role), autocommit=True)


def _unsent(conninfo: Callable[[str], str]) -> int:
    with _connect(conninfo, "faregate_console") as connection:
        row = connection.execute("select count(*) from outbox where sent_at is null").fetchone()
    assert row is not None
    return int(row[0])


def test_two_relays_never_hold_the_same_message(conninfo: Callable[[str], str]) -> None:
    with (
        _connect(conninfo, "faregate_owner") as owner,
        _connect(conninfo, "faregate_relay") as first,
        _connect(conninfo, "faregate_relay") as second,
    ):
        owner.execute(INSERT, (b"one",))
        owner.execute(INSERT, (b"two",))
        other = PostgresOutbox(second)
        taken_meanwhile: list[Message] = []

        def send(messages: list[Message]) -> list[int]:
            assert [message.payload for message in messages] == [b"one"]
            other.pass_on(lambda theirs: taken_meanwhile.extend(theirs) or [m.id for m in theirs], 10)
            # What we hold is not sent yet, so the other relay must not call the past complete.
            settled = other.settled()
            assert settled.until < settled.now
            return [message.id for message in messages]

        PostgresOutbox(first).pass_on(send, 1)
    assert [message.payload for message in taken_meanwhile] == [b"two"]
    assert _unsent(conninfo) == 0


def test_a_relay_killed_between_delivery_and_mark_sends_again(conninfo: Callable[[str], str]) -> None:
    publisher = FakePublisher()
    with (
        _connect(conninfo, "faregate_api") as api,
        _connect(conninfo, "faregate_relay") as killer,
    ):
        api.execute(INSERT, (b"one",))
        dying = _connect(conninfo, "faregate_relay")
        publisher.after_delivery = lambda: killer.execute(
            "select pg_terminate_backend(%s)", (dying.info.backend_pid,)
        )
        with dying, pytest.raises(psycopg.OperationalError):
            PostgresOutbox(dying).pass_on(publisher.send, 10)
        publisher.after_delivery = lambda: None
        with _connect(conninfo, "faregate_relay") as fresh:
            PostgresOutbox(fresh).pass_on(publisher.send, 10)
    assert [message.payload for message in publisher.delivered] == [b"one", b"one"]
    assert _unsent(conninfo) == 0


def test_a_ring_wakes_the_relay_at_once(conninfo: Callable[[str], str]) -> None:
    publisher, stop = FakePublisher(), Event()
    sent = Event()
    publisher.after_delivery = sent.set
    # With beats far apart only the ring can wake it.
    with _connect(conninfo, "faregate_relay") as connection, _connect(conninfo, "faregate_api") as api:
        relay = Relay(outbox=PostgresOutbox(connection), publisher=publisher, stop=stop, beat_every_s=30.0)
        thread = Thread(target=relay.run)
        thread.start()
        try:
            _wait_until_idle(conninfo, connection.info.backend_pid)
            began = time.monotonic()
            api.execute(INSERT, (b"one",))
            api.execute("select pg_notify('outbox', '')")
            assert sent.wait(10)
            assert time.monotonic() - began < 5
        finally:
            stop.set()
            api.execute("select pg_notify('outbox', '')")
            thread.join(10)
    assert not thread.is_alive()
    assert _unsent(conninfo) == 0


def _wait_until_idle(conninfo: Callable[[str], str], backend: int) -> None:
    """Until the relay listens and its last statement was the look at what is settled."""
    deadline = time.monotonic() + 10
    with _connect(conninfo, "faregate_relay") as same_role:
        while time.monotonic() < deadline:
            row = same_role.execute(
                "select state, query from pg_stat_activity where pid = %s", (backend,)
            ).fetchone()
            if row and row[0] == "idle" and "waiting_since" in row[1]:
                return
    raise AssertionError("the relay never came to rest")

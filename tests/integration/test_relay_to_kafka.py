"""The relay between a real database and a real broker."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition
from factories import an_outcome

from app.relay import serve
from deploy.embedded.kafka import Kafka
from deploy.embedded.ports import LOOPBACK
from domain.events import Heartbeat, decode_event, encode_event
from domain.settings import KafkaSettings
from domain.topics import DECISIONS, LABELS, SOURCES, partition_of

INSERT = "insert into outbox (topic, key, payload) values (%s, %s, %s)"


@contextmanager
def relaying(conninfo: str, bootstrap: str) -> Iterator[None]:
    stop = Event()
    thread = Thread(target=serve, args=(KafkaSettings(bootstrap=bootstrap), stop, conninfo))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()


@contextmanager
def reading(kafka: Kafka) -> Iterator[Consumer]:
    """From the beginning of every source partition: what other tests left there is read too."""
    consumer = Consumer(
        {"bootstrap.servers": kafka.bootstrap, "group.id": "unused", "enable.auto.commit": False}
    )
    consumer.assign(
        [
            TopicPartition(topic.name, number, OFFSET_BEGINNING)
            for topic in SOURCES
            for number in range(topic.partitions)
        ]
    )
    try:
        yield consumer
    finally:
        consumer.close()


def read_until(consumer: Consumer, enough: Callable[[list[Message]], bool]) -> list[Message]:
    messages: list[Message] = []
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None:
            assert message.error() is None
            messages.append(message)
        if enough(messages):
            return messages
    raise AssertionError(f"after 30 s only {len(messages)} messages")


def put(conninfo: str, users: list[str]) -> dict[str, bytes]:
    payloads = {
        user: encode_event(an_outcome(f"txn_{user.removeprefix('usr_')}", user_id=user)) for user in users
    }
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for number, (user, payload) in enumerate(payloads.items()):
            topic = (DECISIONS, LABELS)[number % 2]
            connection.execute(INSERT, (topic.name, user, payload))
    return payloads


def unsent(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("select count(*) from outbox where sent_at is null").fetchone()
    assert row
    return int(row[0])


def test_events_arrive_by_their_key_and_every_partition_beats(
    conninfo: Callable[[str], str], kafka: Kafka
) -> None:
    users = [f"usr_relayed{letter}" for letter in "abcdefghijkl"]
    partitions = {topic.name: topic.partitions for topic in SOURCES}
    with reading(kafka) as consumer, relaying(conninfo("faregate_relay"), kafka.bootstrap):
        payloads = put(conninfo("faregate_api"), users)
        messages = read_until(
            consumer,
            lambda seen: (
                len(by_key(seen, "usr_relayed")) == len(users)
                and len({(beat.topic(), beat.partition()) for beat in without_key(seen)})
                == sum(partitions.values())
            ),
        )
    events = by_key(messages, "usr_relayed")
    assert {key: event.value() for key, event in events.items()} == payloads
    for event in events.values():
        assert event.partition() == partition_of(event.key(), partitions[event.topic()])
    for message in without_key(messages):
        beat = decode_event(message.value(), message.timestamp()[1])
        assert isinstance(beat, Heartbeat)
        assert (beat.source_topic, beat.partition) == (message.topic(), message.partition())
        assert abs(message.timestamp()[1] - beat.event_time.timestamp() * 1000) < 10_000
    assert unsent(conninfo("faregate_console")) == 0


def test_an_event_that_waited_in_the_outbox_keeps_the_time_it_was_told(
    conninfo: Callable[[str], str], kafka: Kafka
) -> None:
    """Else an outage of more than an hour would make every payment in it too late to be folded."""
    two_hours_ago_ms = time.time_ns() // 1_000_000 - 7_200_000
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        row = (LABELS.name, "usr_waited", encode_event(an_outcome("txn_w", user_id="usr_waited")))
        connection.execute(INSERT, row)
        connection.execute("update outbox set created_at = to_timestamp(%s / 1000.0)", (two_hours_ago_ms,))
    with reading(kafka) as consumer, relaying(conninfo("faregate_relay"), kafka.bootstrap):
        messages = read_until(consumer, lambda seen: bool(by_key(seen, "usr_waited")))
    assert by_key(messages, "usr_waited")["usr_waited"].timestamp()[1] == two_hours_ago_ms


def by_key(messages: list[Message], prefix: str) -> dict[str, Message]:
    return {
        message.key().decode(): message
        for message in messages
        if message.key() is not None and message.key().startswith(prefix.encode())
    }


def without_key(messages: list[Message]) -> list[Message]:
    """Heartbeats: they go to a partition, not by a key."""
    return [message for message in messages if message.key() is None]


def test_while_kafka_is_away_events_wait_and_nothing_is_lost(
    conninfo: Callable[[str], str], kafka: Kafka, free_ports: dict[str, int]
) -> None:
    with reading(kafka) as consumer:
        put(conninfo("faregate_api"), ["usr_waiting"])
        with relaying(conninfo("faregate_relay"), f"{LOOPBACK}:{free_ports['flink_rpc']}"):
            _wait_for_a_relay_that_holds_a_row(conninfo("faregate_owner"))
        assert unsent(conninfo("faregate_console")) == 1
        with relaying(conninfo("faregate_relay"), kafka.bootstrap):
            read_until(consumer, lambda seen: any(m.key() == b"usr_waiting" for m in seen))
    assert unsent(conninfo("faregate_console")) == 0


def _wait_for_a_relay_that_holds_a_row(conninfo: str) -> None:
    deadline = time.monotonic() + 20
    with psycopg.connect(conninfo, autocommit=True) as connection:
        while time.monotonic() < deadline:
            free = connection.execute("select id from outbox for update skip locked").fetchall()
            if not free:
                return
    raise AssertionError("no relay took the row")

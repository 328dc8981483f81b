"""The builder of rings on a real PostgreSQL, and its process between Kafka and PostgreSQL."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Producer
from event_factories import NOW_MS, a_card_added, a_login, an_account, an_id
from past import Past
from waiting import eventually

from deploy.embedded.kafka import Kafka
from domain.events import CardAdded, encode_event
from domain.feature_message import HistoryMessage, decode_message
from domain.ring import Ring, decode_ring
from domain.topics import FEATURES_RING, MURMUR2, RIDES
from feature_repo.rings import __main__ as process
from feature_repo.rings.builder import RingBuilder
from feature_repo.rings.postgres_rings import PostgresRings

Conninfo = Callable[[str], str]


@pytest.fixture
def connection(conninfo: Conninfo) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo("faregate_writer"), autocommit=True) as connection:
        yield connection


def sent(conninfo: Conninfo) -> list[HistoryMessage]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        rows = owner.execute("select topic, key, payload from outbox order by id").fetchall()
    messages = [decode_message(payload) for _, _, payload in rows]
    assert all(topic == FEATURES_RING.name for topic, _, _ in rows)
    told = [message for message in messages if isinstance(message, HistoryMessage)]
    assert [message.entity_id for message in told] == [key for _, key, _ in rows]
    return told


def rings_of(conninfo: Conninfo) -> dict[str, Ring]:
    return {message.entity_id: decode_ring(message.payload) for message in sent(conninfo)}


def test_a_batch_is_kept_whole_with_what_the_relay_will_send(
    conninfo: Conninfo, connection: psycopg.Connection
) -> None:
    rings, past = PostgresRings(connection), Past()
    past.tell(a_card_added(user_id="usr_a"))
    past.tell(a_card_added(user_id="usr_b", device_id="dev_b"))
    builder = RingBuilder(rings.keep, rings.load(), lambda: 0.0)
    builder.take(past.records)
    told = sent(conninfo)
    assert {(m.kind, m.entity_id, m.epoch, m.version, m.known_at_ms) for m in told} == {
        ("ring", "usr_a", 1, 1, NOW_MS),
        ("ring", "usr_b", 1, 1, NOW_MS),
    }
    rows = connection.execute(
        "select user_id, size, shared_cards, shared_devices, ring_id, joined_at = to_timestamp(%s / 1000.0) "
        "from ring_members order by user_id",
        (NOW_MS,),
    ).fetchall()
    name = decode_ring(told[0].payload).ring_id
    assert rows == [("usr_a", 2, 1, 0, name, True), ("usr_b", 2, 1, 0, name, True)]
    assert len(connection.execute("select from links").fetchall()) == 4


def test_a_fault_in_the_middle_of_a_batch_leaves_nothing_of_it(
    conninfo: Conninfo, connection: psycopg.Connection
) -> None:
    past = Past()
    past.tell(an_account())
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        owner.execute("alter table outbox add constraint no_more check (false) not valid")
        try:
            rings = PostgresRings(connection)
            with pytest.raises(psycopg.errors.CheckViolation):
                RingBuilder(rings.keep, rings.load(), lambda: 0.0).take(past.records)
        finally:
            owner.execute("alter table outbox drop constraint no_more")
    assert rings.load().links == rings.load().members == ()
    RingBuilder(rings.keep, rings.load(), lambda: 0.0).take(past.records)
    assert rings_of(conninfo)["usr_a"].version == 1


def test_one_builder_works_and_the_next_waits_for_its_end(
    conninfo: Conninfo, connection: psycopg.Connection
) -> None:
    with psycopg.connect(conninfo("faregate_writer"), autocommit=True) as other:
        assert PostgresRings(other).has_turn()
        assert not PostgresRings(connection).has_turn()
    eventually(lambda: PostgresRings(connection).has_turn(), within_s=5, what="the turn of the next")


class Source:
    """Tells Kafka, and knows who was told of."""

    def __init__(self, kafka: Kafka) -> None:
        self._producer = Producer({"bootstrap.servers": kafka.bootstrap, "partitioner": MURMUR2})

    def tell(self, *events: CardAdded) -> None:
        for event in events:
            self._producer.produce(RIDES.name, encode_event(event), event.user_id)
        assert self._producer.flush(10) == 0


@contextmanager
def building(conninfo: Conninfo, kafka: Kafka, home: Path) -> Iterator[None]:
    """The process's own loop, in a thread."""
    stop, writer = threading.Event(), conninfo("faregate_writer")
    worker = threading.Thread(target=process.serve, args=(home, kafka.bootstrap, stop, writer))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(20)
        assert not worker.is_alive()


def just_now(**given: str) -> CardAdded:
    return a_card_added(at_ms=time.time_ns() // 1_000_000, **given)


def test_links_told_to_kafka_become_rings_over_restarts_and_a_rebuild(
    conninfo: Conninfo, kafka: Kafka, tmp_path: Path
) -> None:
    source, card = Source(kafka), an_id("card")
    people = [an_id("usr") for _ in range(3)]

    def told(user_id: str) -> CardAdded:
        return just_now(user_id=user_id, card_id=card, device_id=an_id("dev"))

    def size() -> int:
        found = rings_of(conninfo).get(people[0])
        return found.size if found else 0

    source.tell(told(people[0]), told(people[1]))
    with building(conninfo, kafka, tmp_path):
        eventually(lambda: size() == 2, within_s=20, what="the ring of two")
    source.tell(told(people[2]))
    before = len(sent(conninfo))
    with building(conninfo, kafka, tmp_path):
        eventually(lambda: size() == 3, within_s=20, what="the ring of three")
        own = [message for message in sent(conninfo)[before:] if message.entity_id in people]
        assert len(own) == 3
        assert process.rebuild(conninfo("faregate_writer")) == 2
        eventually(
            lambda: {rings_of(conninfo)[user_id].epoch for user_id in people} == {2} and size() == 3,
            within_s=20,
            what="rings built anew",
        )


def test_what_kafka_no_longer_has_is_read_from_the_archive(
    conninfo: Conninfo, kafka: Kafka, tmp_path: Path
) -> None:
    past, user_id, other = Past(), an_id("usr"), an_id("usr")
    past.tell(a_login(user_id=user_id, device_id=(device := an_id("dev"))))
    past.tell(a_login(user_id=other, device_id=device))
    past.archive(tmp_path / "archive" / "raw")
    with building(conninfo, kafka, tmp_path):
        eventually(lambda: user_id in rings_of(conninfo), within_s=20, what="a ring from the archive")
    assert rings_of(conninfo)[user_id].size == 2


def test_the_process_ends_when_told_to_and_says_what_is_missing(
    conninfo: Conninfo, kafka: Kafka, tmp_path: Path
) -> None:
    words = dict(part.split("=", 1) for part in conninfo("faregate_writer").split())
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "dbname": "PGDATABASE",
        "user": "PGUSER",
        "password": "PGPASSWORD",
    }
    env = {"PATH": os.environ["PATH"]} | {names[name]: value for name, value in words.items()}
    argv = [sys.executable, "-m", "feature_repo.rings"]
    lacking = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=20, check=False)
    assert lacking.returncode == 1
    assert "FAREGATE_HOME is not set" in lacking.stderr
    env |= {"FAREGATE_HOME": str(tmp_path), "FAREGATE_KAFKA": kafka.bootstrap}
    works = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL)
    try:
        with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
            query = "select 1 from pg_stat_activity where application_name = 'faregate-rings'"
            eventually(lambda: owner.execute(query).fetchone(), within_s=30, what="its connection")
        works.send_signal(signal.SIGTERM)
        assert works.wait(20) == 0
    finally:
        works.kill()
        works.wait()

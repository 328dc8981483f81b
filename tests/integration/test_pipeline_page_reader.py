"""The pipeline page on PostgreSQL and Kafka: how it flows, and one event followed to its decision."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

import psycopg
import pytest
from confluent_kafka import Message, Producer
from event_factories import a_payment, an_id
from ledger_rows import add_decision
from waiting import eventually

from dashboard.database import open_pool
from dashboard.views.pipeline import tracing
from dashboard.views.pipeline.followed import Followed
from dashboard.views.pipeline.reader import PipelineReader
from dashboard.views.pipeline.stream import StreamLooks
from deploy.embedded.kafka import Kafka
from domain.decision import Rung
from domain.events import encode_event
from domain.feature_message import HistoryMessage, encode_message
from domain.online_store import WATERMARK_ENTITY, WATERMARK_VIEW, encode_watermark
from domain.topics import DECISIONS, FEATURES_USER, MURMUR2, Topic, source_number

Conninfo = Callable[[str], str]


@pytest.fixture
def owner(conninfo: Conninfo) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def reader(conninfo: Conninfo) -> Iterator[PipelineReader]:
    with open_pool(conninfo("faregate_console")) as connections:
        yield PipelineReader(connections)


@pytest.fixture
def put(kafka: Kafka) -> Callable[[Topic, str, bytes], Message]:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "partitioner": MURMUR2})

    def produce(topic: Topic, key: str, value: bytes) -> Message:
        told: list[Message] = []
        producer.produce(topic.name, value, key, on_delivery=lambda _, message: told.append(message))
        assert producer.flush(20) == 0
        return told[0]

    return produce


def knowing(owner: psycopg.Connection[Any], positions: dict[str, list[int]], *, version: int) -> str:
    """A decision of just now that read a version of usr_a's history; its id."""
    row = add_decision(owner, decided_at=datetime.now(UTC), as_of_ms=int(time() * 1000))
    owner.execute(
        "update decisions set positions = %s, user_epoch = 1, user_version = %s where decision_id = %s",
        (json.dumps(positions), version, row["decision_id"]),
    )
    return str(row["decision_id"])


def store(owner: psycopg.Connection[Any], view: str, entity: str, version: int, payload: bytes = b"") -> None:
    owner.execute(
        "insert into online_store (view, entity_id, epoch, version, known_at, payload) "
        "values (%s, %s, 1, %s, now(), %s)",
        (view, entity, version, payload),
    )


def test_how_it_flows_is_read(owner: psycopg.Connection[Any], reader: PipelineReader) -> None:
    add_decision(owner, decided_at=datetime.now(UTC))
    add_decision(owner, decided_at=datetime.now(UTC) - timedelta(minutes=2), rung="R1")
    store(owner, WATERMARK_VIEW, WATERMARK_ENTITY, 1, encode_watermark(1_000))
    owner.execute("insert into link_positions (source, next_offset, read_until) values (1002, 7, now())")
    owner.execute("insert into outbox (topic, key, payload) values ('t', 'k', '')")
    flow = reader.flow()
    assert flow.decisions_10s == 1
    assert {row.rung: row.decisions for row in flow.rungs} == {Rung.R0: 1, Rung.R1: 1}
    assert (flow.pipeline.waiting_events, flow.ring_positions) == (1, {1002: 7})
    assert flow.parity.checked_at is None


def test_the_decision_to_follow_is_one_whose_history_still_stands(
    owner: psycopg.Connection[Any], reader: PipelineReader
) -> None:
    assert reader.to_follow() is None
    whole = knowing(owner, {"user": [1002, 40]}, version=9)
    newer = knowing(owner, {"user": [1002, 41]}, version=10)
    assert reader.to_follow() == newer
    store(owner, "user_history", "usr_a", 9)
    assert reader.to_follow() == whole
    kept = reader.kept(whole)
    assert kept is not None
    assert (kept.positions, kept.user_version, kept.overlaid) == ({"user": [1002, 40]}, 9, 0)
    assert [row.version for row in reader.rows(kept)] == [9]
    assert reader.kept("dec_nobody") is None


def test_one_event_is_followed_from_its_producer_to_the_decision(
    kafka: Kafka,
    put: Callable[[Topic, str, bytes], Message],
    owner: psycopg.Connection[Any],
    reader: PipelineReader,
) -> None:
    told = put(DECISIONS, "usr_a", encode_event(a_payment(at_ms=int(time() * 1000) - 50, id=an_id("txn"))))
    version = int(time() * 1000)  # the broker is shared: no other test makes this one
    history = HistoryMessage(
        kind="user", entity_id="usr_a", epoch=1, version=version, known_at_ms=told.timestamp()[1], payload=b""
    )
    put(FEATURES_USER, "usr_a", encode_message(history))
    store(owner, "user_history", "usr_a", version)
    source = source_number(told.topic(), told.partition())
    kept = reader.kept(knowing(owner, {"user": [source, told.offset()]}, version=version))
    assert kept is not None

    def whole() -> Followed | None:
        followed = tracing.follow(reader, kafka.bootstrap, kept)
        return followed if followed.steps and all(step.at_ms for step in followed.steps) else None

    followed = eventually(whole, what="the whole way")
    assert [step.name for step in followed.steps] == [
        "Produced", "In Kafka", "Folded", "Written", "Read", "Decided",
    ]  # fmt: skip
    assert followed.steps[1].note == f"{told.topic()}/{told.partition()}/{told.offset()}"
    assert tracing.follow(reader, None, kept).missing == tracing.NO_KAFKA
    assert "Kafka does not answer" in tracing.follow(reader, "127.0.0.1:1", kept).missing


def test_kafka_says_how_far_it_is(kafka: Kafka, put: Callable[[Topic, str, bytes], Message]) -> None:
    told = put(DECISIONS, "usr_a", b"{}")
    looks = StreamLooks(bootstrap=kafka.bootstrap, flink_url="http://127.0.0.1:1")
    look = eventually(lambda: looks.look().kafka and looks.look(), what="Kafka's answer")
    assert look.kafka is not None
    assert look.kafka.ends[told.topic(), told.partition()] > told.offset()
    assert look.flink is None
    assert StreamLooks(bootstrap="127.0.0.1:1", flink_url=None).look().kafka is None

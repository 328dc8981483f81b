"""Speaking to the histories job as its producers do, hearing what it tells, and asking Flink about it."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from event_factories import a_heartbeat

from domain.events import Event, PaymentDecided, PaymentOutcome, encode_event, event_time_ms
from domain.feature_message import HistoryMessage, decode_message
from domain.topics import DECISIONS, LABELS, MURMUR2, RIDES, SOURCES, Topic, features_topic, partition_of

DEADLINE_S = 60
OUR_COUNTERS = {"events_read", "events_late", "events_refused", "events_folded", "events_duplicate"}
T = TypeVar("T")


def until(ask: Callable[[], T | None], what: str, pause_s: float = 0.25) -> T:
    """The first answer that is not None; asked again as long as the deadline allows."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        answer = ask()
        if answer is not None:
            return answer
        threading.Event().wait(pause_s)
    raise AssertionError(f"no {what} within {DEADLINE_S} s")


@dataclass(frozen=True, kw_only=True)
class Place:
    topic: str
    partition: int
    offset: int


class Source:
    """Sends to the source topics as our producers do."""

    def __init__(self, bootstrap: str) -> None:
        settings = {"bootstrap.servers": bootstrap, "partitioner": MURMUR2, "message.max.bytes": 1_040_000}
        self._producer = Producer(settings)

    def raw(self, topic: Topic, key: str, body: bytes | None, record_time_ms: int | None = None) -> Place:
        """Returns when the broker has the record, with its place."""
        delivered: list[Message] = []

        def report(error: KafkaError | None, message: Message) -> None:
            assert error is None, f"Kafka refused the record: {error}"
            delivered.append(message)

        self._producer.produce(
            topic.name, body, key.encode(), timestamp=record_time_ms or now_ms(), on_delivery=report
        )
        assert self._producer.flush(10) == 0, "Kafka did not take the record"
        [message] = delivered
        return Place(topic=topic.name, partition=message.partition(), offset=message.offset())

    def event(self, event: Any, record_time_ms: int | None = None) -> Place:
        record_time_ms = record_time_ms or event_time_ms(event)
        return self.raw(topic_of(event), event.user_id, encode_event(event), record_time_ms)

    def heartbeats(self, time_ms: int) -> None:
        for topic in SOURCES:
            for partition in range(topic.partitions):
                beat = a_heartbeat(at_ms=time_ms, source_topic=topic.name, partition=partition)
                self._producer.produce(topic.name, encode_event(beat), partition=partition)
        assert self._producer.flush(10) == 0, "Kafka did not take the heartbeats"


class Told:
    """What comes into some topics from now on."""

    def __init__(self, bootstrap: str, topics: tuple[Topic, ...]) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"test-{uuid4().hex}"})
        places = [TopicPartition(topic.name, p) for topic in topics for p in range(topic.partitions)]
        for place in places:
            _, place.offset = self._consumer.get_watermark_offsets(place, timeout=10)
        self._consumer.assign(places)

    def find(self, wanted: Callable[[Message], T | None], what: str) -> T:
        """The first answer of `wanted` to a new record."""

        def ask() -> T | None:
            message = self._consumer.poll(0.5)
            return None if message is None or message.error() else wanted(message)

        return until(ask, what, pause_s=0)

    def histories(self, versions: dict[tuple[str, str], int]) -> dict[tuple[str, str], bytes]:
        """The payloads of the wanted versions by (kind, entity)."""
        found: dict[tuple[str, str], bytes] = {}

        def take(message: Message) -> dict[tuple[str, str], bytes] | None:
            told = decode_message(message.value())
            if isinstance(told, HistoryMessage) and versions.get((told.kind, told.entity_id)) == told.version:
                check_place(message, told)
                found[told.kind, told.entity_id] = told.payload
            return found if len(found) == len(versions) else None

        return self.find(take, f"{versions}")

    def close(self) -> None:
        self._consumer.close()


class JobAtWork:
    """The one job of the cluster, through Flink's REST interface."""

    def __init__(self, url: str) -> None:
        self._url = url
        [self._id] = [job["id"] for job in self.get("/jobs")["jobs"] if job["status"] == "RUNNING"]

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self._url + path, timeout=5) as reply:
            return json.loads(reply.read())

    def troubles(self) -> int:
        """How many exceptions there were; a restart has one too, and is counted some time afterwards."""
        return len(self.get(f"/jobs/{self._id}/exceptions")["exceptionHistory"]["entries"])

    def counters(self) -> dict[str, int]:
        """Our own counters by name; Flink reads them anew every ten seconds."""
        found: dict[str, int] = {}
        for vertex in self.get(f"/jobs/{self._id}")["vertices"]:
            path = f"/jobs/{self._id}/vertices/{vertex['id']}/metrics"
            names = [metric["id"] for metric in self.get(path) if ".events_" in metric["id"]]
            for metric in self.get(f"{path}?get={','.join(names)}") if names else []:
                found[metric["id"].rsplit(".", 1)[1]] = int(metric["value"])
        return found

    def fresh_counters(self, source: Source) -> dict[str, int]:
        """Counters read after everything that was told before the call; heartbeats show that they are."""
        before = self.counters().get("events_read")

        def ask() -> dict[str, int] | None:
            source.heartbeats(now_ms())
            found = self.counters()
            complete = set(found) >= OUR_COUNTERS
            return found if complete and found["events_read"] != before else None

        return until(ask, "fresh counters")


def check_place(message: Message, told: HistoryMessage) -> None:
    """Flink's producer is the Java client: it shows where Java puts a key."""
    topic, key = features_topic(told.kind), told.entity_id.encode()
    assert (message.topic(), message.key()) == (topic.name, key)
    assert message.partition() == partition_of(key, topic.partitions)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def topic_of(event: Event) -> Topic:
    match event:
        case PaymentDecided():
            return DECISIONS
        case PaymentOutcome():
            return LABELS
        case _:
            return RIDES

"""The least that freshness can cost: a message through Kafka to one consumer, and one row into the store."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from deploy.embedded.kafka import admin_client, ensure_topics
from domain.topics import Topic
from feature_repo.online_rows import UPSERT, Row, upsert_parameters

TOPIC = Topic(name="bench.floor.v1", key="none", partitions=1, retention_days=1)
VIEW = "bench_floor"
BODY = bytes(1_500)  # as large as many a history
EVERY_S = 0.1


class Floor:
    """Measures ten times a second until `stop` is set."""

    def __init__(self, bootstrap: str, conninfo: str) -> None:
        from confluent_kafka import Consumer, Producer, TopicPartition

        ensure_topics(admin_client(bootstrap), [TOPIC])
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "bench-floor", "fetch.wait.max.ms": 10}
        )
        place = TopicPartition(TOPIC.name, 0)
        _, place.offset = self._consumer.get_watermark_offsets(place, timeout=10)
        self._consumer.assign([place])
        self._conninfo = conninfo
        self.milliseconds: list[float] = []

    def measure(self, stop: threading.Event) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            number = 0
            while not stop.wait(EVERY_S):
                number += 1
                began = time.perf_counter()
                self._producer.produce(TOPIC.name, BODY)
                self._producer.poll(0)
                if self._heard() is not None:
                    connection.execute(UPSERT, upsert_parameters([_row(number)]))
                    self.milliseconds.append((time.perf_counter() - began) * 1_000)
        self._producer.flush(5)
        self._consumer.close()

    def _heard(self) -> Any:
        message = self._consumer.poll(5.0)
        return None if message is None or message.error() else message


def _row(number: int) -> Row:
    now_us = time.time_ns() // 1_000
    return Row(view=VIEW, entity_id="bench", epoch=now_us, version=number, known_at_us=now_us, payload=BODY)


@contextmanager
def measured(bootstrap: str, conninfo: str, owner: str) -> Iterator[Floor]:
    """Beside the block; its row is gone afterwards."""
    floor, stop = Floor(bootstrap, conninfo), threading.Event()
    thread = threading.Thread(target=floor.measure, args=(stop,), name="floor")
    thread.start()
    try:
        yield floor
    finally:
        stop.set()
        thread.join()
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("delete from online_store where view = %s", [VIEW])

"""The yardstick for the streaming job: a plain consumer that decodes and folds the same topics."""

import time
from dataclasses import dataclass, field
from typing import Any

from deploy.bench.figures.percentile import percentile
from domain.errors import EventRefused
from domain.events import Heartbeat, decode_event
from domain.fold import is_late
from domain.topics import SOURCES, source_number
from flink_jobs.folding import fold_payload
from flink_jobs.routing import check_topic, targets

BATCH = 1_000
TIMED_EVERY = 16


@dataclass(kw_only=True)
class PlainFold:
    """Keeps each history as bytes, as the job's state does; sends nothing."""

    state: dict[tuple[str, str], bytes] = field(default_factory=dict)
    read: int = 0
    folded: int = 0
    ended: int = 0  # heartbeats at the end of partitions
    fold_us: list[float] = field(default_factory=list)

    def take(self, message: Any) -> None:
        body, record_time_ms = message.value(), message.timestamp()[1]
        try:
            event = decode_event(body, record_time_ms)
            check_topic(event, message.topic())
        except EventRefused:
            return
        self.read += 1
        if isinstance(event, Heartbeat):
            self.ended += 1
            return
        if is_late(event, record_time_ms):
            return
        position = (source_number(message.topic(), message.partition()), message.offset())
        for entity in targets(event):
            began = time.perf_counter_ns()
            folded = fold_payload(entity[0], self.state.get(entity), event, record_time_ms, position)
            if folded is not None:
                self.state[entity] = folded.payload
                self.folded += 1
            if self.folded % TIMED_EVERY == 0:
                self.fold_us.append((time.perf_counter_ns() - began) / 1_000)

    def state_bytes_p99(self) -> int:
        return int(percentile(map(len, self.state.values()), 0.99) or 0)

    def fold_us_p50(self) -> float | None:
        return percentile(self.fold_us, 0.50, 1)


def drain(bootstrap: str) -> tuple[PlainFold, float]:
    """Reads the source topics to the heartbeats that mark their ends; also says how many seconds it took."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "bench-plain", "enable.auto.commit": False}
    )
    places = [TopicPartition(topic.name, p, 0) for topic in SOURCES for p in range(topic.partitions)]
    consumer.assign(places)
    fold = PlainFold()
    began = None
    while fold.ended < len(places):
        messages = consumer.consume(BATCH, timeout=1.0)
        began = began or time.perf_counter()
        for message in messages:
            fold.take(message)
    consumer.close()
    return fold, time.perf_counter() - (began or 0.0)

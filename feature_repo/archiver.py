"""Moves topics into the archive, at its own pace and from its own positions.

It reads apart from the online writer, so that neither waits for the other: a backlog is online long before it
is archived, and a full disk stops only this half.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Generic

from confluent_kafka import Consumer, KafkaException, TopicPartition

from domain.display import SECOND_MS
from feature_repo.archive_consumer import arrived, open_consumer, topic_ids
from feature_repo.archive_filing import Filing
from feature_repo.archive_subject import Row, Waiting

log = logging.getLogger(__name__)
FLUSH_EVERY_MS = 15 * SECOND_MS
RETRY_AFTER_S = 2.0
READ_AT_ONCE = 500
READ_WAIT_S = 0.5
BROKER_WAIT_S = 10.0
NICENESS = 10


class Archiver(Generic[Row]):
    """`run` until `stop` is set; what is not in files by then is read again at the next start."""

    def __init__(
        self, filing: Filing[Row], bootstrap: str, when_idle: Callable[[], object] = lambda: None
    ) -> None:
        self.filing = filing
        self._bootstrap = bootstrap
        self._when_idle = when_idle

    @property
    def name(self) -> str:
        return f"archiver of {self.filing.subject.name}"

    @property
    def rows_written(self) -> int:
        return self.filing.rows_written

    def run(self, stop: threading.Event) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not stop.is_set():
            try:
                self._follow(stop)
            except (OSError, KafkaException) as problem:
                log.warning("%s: %s; trying again in %.0f s", self.name, problem, RETRY_AFTER_S)
                stop.wait(RETRY_AFTER_S)

    def _follow(self, stop: threading.Event) -> None:
        subject, now_ms = self.filing.subject, self.filing.now_ms
        consumer = open_consumer(self._bootstrap, f"faregate-archive-{subject.name}")
        try:
            waiting = self._resume(consumer)
            flushed_ms = now_ms()
            while not stop.is_set():
                for message in arrived(consumer.consume(READ_AT_ONCE, READ_WAIT_S)):
                    waiting[message.topic(), message.partition()].add(message)
                size = sum(partition.size for partition in waiting.values())
                due_ms = SECOND_MS if size >= subject.flush_size else FLUSH_EVERY_MS
                if now_ms() - flushed_ms >= due_ms:
                    self.filing.file(waiting.values(), everything=size >= subject.most_size)
                    if size < subject.flush_size:
                        self._when_idle()
                    flushed_ms = now_ms()
        finally:
            consumer.close()

    def _resume(self, consumer: Consumer) -> dict[tuple[str, int], Waiting[Row]]:
        """Bring the folder and the topics to one state and start from there."""
        topics = self.filing.subject.topics
        ids = topic_ids(self._bootstrap, [topic.name for topic in topics], BROKER_WAIT_S)
        waiting, places = {}, []
        for topic in topics:
            self.filing.recognise(topic, ids[topic.name])
            for number in range(topic.partitions):
                place = TopicPartition(topic.name, number)
                start, end = consumer.get_watermark_offsets(place, BROKER_WAIT_S)
                place.offset = self.filing.settle(topic.name, number, start, end)
                waiting[topic.name, number] = self.filing.subject.waiting(topic.name, number, place.offset)
                places.append(place)
        consumer.assign(places)
        return waiting


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000

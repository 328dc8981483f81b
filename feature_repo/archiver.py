"""Moves snapshots of the features topics into the archive, at its own pace and from its own positions.

It reads apart from the online writer, so that neither waits for the other: a backlog is online long before it
is archived, and a full disk stops only this half.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition

from domain.display import SECOND_MS
from domain.feature_message import HistoryMessage, decode_message
from feature_repo import archive_table
from feature_repo.archive_folder import ArchiveFolder
from feature_repo.features_consumer import PARTITIONS, open_consumer, read_from, readable
from feature_repo.snapshots import WaitingSnapshots
from feature_repo.views import BY_KIND, View

log = logging.getLogger(__name__)
GROUP = "faregate-archive"
FLUSH_EVERY_MS = 15 * SECOND_MS
FLUSH_ROWS = 10_000
MOST_ROWS = 50_000  # past this, minutes that are still open are written too
RETRY_AFTER_S = 2.0
READ_AT_ONCE = 500
BROKER_WAIT_S = 10.0
NICENESS = 10
VIEW_OF_TOPIC: dict[str, View] = {view.topic.name: view for view in BY_KIND.values() if view.topic}


class Archiver:
    """`run` until `stop` is set; what is not in files by then is read again at the next start."""

    def __init__(self, folder: ArchiveFolder, bootstrap: str, now_ms: Callable[[], int]) -> None:
        self._folder = folder
        self._bootstrap = bootstrap
        self._now_ms = now_ms
        self.rows_written = 0

    def run(self, stop: threading.Event) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not stop.is_set():
            try:
                self._follow(stop)
            except (OSError, KafkaException) as problem:
                log.warning("archive: %s; trying again in %.0f s", problem, RETRY_AFTER_S)
                stop.wait(RETRY_AFTER_S)

    def _follow(self, stop: threading.Event) -> None:
        consumer = open_consumer(self._bootstrap, GROUP)
        try:
            waiting = self._resume(consumer)
            flushed_ms = self._now_ms()
            while not stop.is_set():
                self._read(consumer, waiting)
                rows = sum(map(len, waiting.values()))
                due_ms = SECOND_MS if rows >= FLUSH_ROWS else FLUSH_EVERY_MS
                if self._now_ms() - flushed_ms >= due_ms:
                    self._flush(waiting, all_minutes=rows >= MOST_ROWS)
                    flushed_ms = self._now_ms()
        finally:
            consumer.close()

    def _folder_position(self, topic: str, number: int) -> int:
        return self._folder.position(VIEW_OF_TOPIC[topic], topic, number)

    def _resume(self, consumer: Consumer) -> dict[tuple[str, int], WaitingSnapshots]:
        """Bring the folder and the topics to one state and start from there."""
        for topic, number in PARTITIONS:
            view = VIEW_OF_TOPIC[topic]
            self._folder.remove_leftovers(view, topic, number)
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, number), BROKER_WAIT_S)
            if end < self._folder.position(view, topic, number):
                moved = self._folder.set_aside(view, topic, number, end)
                log.warning("archive: %s-%d is shorter than its files; %d set aside", topic, number, moved)
        read_from(consumer, self._folder_position)
        return {
            (topic, number): WaitingSnapshots(topic, number, self._folder_position(topic, number))
            for topic, number in PARTITIONS
        }

    @staticmethod
    def _read(consumer: Consumer, waiting: dict[tuple[str, int], WaitingSnapshots]) -> None:
        for message in readable(consumer.consume(READ_AT_ONCE, timeout=0.5)):
            snapshots = waiting[message.topic(), message.partition()]
            try:
                decoded = decode_message(message.value())
            except msgspec.DecodeError:
                decoded = None  # the online writer reports it
            if isinstance(decoded, HistoryMessage):
                snapshots.add(message.offset(), decoded)
            else:
                snapshots.skip(message.offset())

    def _flush(self, waiting: dict[tuple[str, int], WaitingSnapshots], *, all_minutes: bool) -> None:
        for (topic, number), snapshots in waiting.items():
            chunk = snapshots.take(self._now_ms(), all_minutes=all_minutes)
            if chunk is None:
                continue
            view = VIEW_OF_TOPIC[topic]
            for day, messages in chunk.by_day().items():
                write = partial(archive_table.write, view, messages, self._now_ms())
                self._folder.add(view, day, chunk.span, write)
                self.rows_written += len(messages)
            self._folder.set_position(view, topic, number, chunk.span.last + 1)


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000

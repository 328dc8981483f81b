"""Puts what was read into files, each message once, whatever happens in between."""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Generic

from domain.display import count
from domain.topics import Topic
from feature_repo.archive_folder import ArchiveFolder
from feature_repo.archive_subject import Chunk, Row, Subject, Waiting, by_day

log = logging.getLogger(__name__)


class Filing(Generic[Row]):
    def __init__(self, subject: Subject[Row], folder: ArchiveFolder, now_ms: Callable[[], int]) -> None:
        self.subject = subject
        self.now_ms = now_ms
        self._folder = folder
        self.rows_written = 0

    def recognise(self, topic: Topic, topic_id: str) -> None:
        """Files of another topic of the same name, whose offsets say nothing of this one, are set aside."""
        shelf = self.subject.shelf(topic.name)
        if self._folder.topic_id(shelf, topic.name) not in (None, topic_id):
            moved = sum(
                self._folder.set_aside(shelf, topic.name, number, 0) for number in range(topic.partitions)
            )
            log.warning("archive: %s was made anew; %d files of the old one set aside", topic.name, moved)
        self._folder.set_topic_id(shelf, topic.name, topic_id)

    def settle(self, topic: str, partition: int, log_start: int, log_end: int) -> int:
        """Bring the files of a partition in line with its topic; returns the offset to go on from."""
        shelf = self.subject.shelf(topic)
        self._folder.remove_leftovers(shelf, topic, partition)
        position = self._folder.position(shelf, topic, partition)
        if log_end < position:
            moved = self._folder.set_aside(shelf, topic, partition, log_end)
            log.warning("archive: %s-%d is shorter than its files; %d set aside", topic, partition, moved)
            position = self._folder.position(shelf, topic, partition)
        if position < log_start:
            lost = count(log_start - position)
            log.warning("archive: %s-%d lost %s messages before they were read", topic, partition, lost)
        return position

    def file(self, waiting: Iterable[Waiting[Row]], *, everything: bool = False) -> None:
        for partition in waiting:
            if chunk := partition.take(self.now_ms(), everything=everything):
                self._put(chunk)

    def _put(self, chunk: Chunk[Row]) -> None:
        span, shelf = chunk.span, self.subject.shelf(chunk.span.topic)
        for day, rows in by_day(chunk.rows, self.subject.time_ms).items():
            write = partial(self.subject.write, span.topic, rows, self.now_ms())
            self._folder.add(shelf, day, span, write)
        self._folder.set_position(shelf, span.topic, span.partition, span.last + 1)
        self.rows_written += len(chunk.rows)

"""What the job told while it drained a backlog, read from the topics it writes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.embedded.errors import StackError
from domain.feature_message import WatermarkMessage, decode_message
from domain.topics import FEATURES_PROFILE, HISTORIES

PATIENCE_S = 600.0
SEGMENTS = "*.log"


class Listener:
    """Waits at one quiet partition: reading all that is told would cost the job its machine."""

    def __init__(self, bootstrap: str) -> None:
        from confluent_kafka import Consumer

        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "bench-listener", "enable.auto.commit": False}
        )

    def wait(self, low_watermark_ms: int, subtasks: int) -> int:
        """Returns when every subtask told that it read all up to the watermark: the time of the last, ms."""
        from confluent_kafka import TopicPartition

        self._consumer.assign([TopicPartition(FEATURES_PROFILE.name, 0, 0)])
        reached: dict[int, int] = {}
        deadline = time.monotonic() + PATIENCE_S
        while len(reached) < subtasks:
            if time.monotonic() > deadline:
                raise StackError("The job does not drain the backlog; see its logs.")
            message = self._consumer.poll(1.0)
            if message is None or message.error():
                continue
            told = decode_message(message.value())
            if isinstance(told, WatermarkMessage) and told.low_watermark_ms >= low_watermark_ms:
                reached[told.subtask] = message.timestamp()[1]
        return max(reached.values())

    def first_told_ms(self) -> int:
        """When the job told its first history."""
        firsts = (self._told_first_ms(topic.name, p) for topic in HISTORIES for p in range(topic.partitions))
        return min(time_ms for time_ms in firsts if time_ms is not None)

    def close(self) -> None:
        self._consumer.close()

    def _told_first_ms(self, topic: str, partition: int) -> int | None:
        from confluent_kafka import TopicPartition

        _, end = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
        if not end:
            return None
        self._consumer.assign([TopicPartition(topic, partition, 0)])
        message: Any = None
        while message is None or message.error():
            message = self._consumer.poll(5.0)
        return int(message.timestamp()[1])


@contextmanager
def listening(bootstrap: str) -> Iterator[Listener]:
    listener = Listener(bootstrap)
    try:
        yield listener
    finally:
        listener.close()


def bytes_told(kafka_data: Path) -> int:
    """What the histories' topics take on the broker's disk."""
    return sum(file.stat().st_size for file in kafka_data.glob(f"features.*/{SEGMENTS}"))

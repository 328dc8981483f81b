"""What the job told while it drained a backlog, read from the topics it writes."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.embedded.errors import StackError
from domain.feature_message import WatermarkMessage, decode_message
from domain.topics import FEATURES, FEATURES_PROFILE

PATIENCE_S = 600.0
SEGMENTS = "*.log"


@dataclass(frozen=True, kw_only=True)
class Drained:
    seconds: float  # from the first thing told to the last
    told: int


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

    def ends(self) -> dict[tuple[str, int], int]:
        """How far the job's topics are written, by topic and partition."""
        return {place: self._bounds(place)[1] for place in _PLACES}

    def since(self, ends: dict[tuple[str, int], int], last_ms: int) -> Drained:
        firsts = [self._told_ms(place, end) for place, end in ends.items()]
        told = sum(self._bounds(place)[1] - end for place, end in ends.items())
        first_ms = min(time_ms for time_ms in firsts if time_ms is not None)
        return Drained(seconds=(last_ms - first_ms) / 1_000, told=told)

    def close(self) -> None:
        self._consumer.close()

    def _bounds(self, place: tuple[str, int]) -> tuple[int, int]:
        from confluent_kafka import TopicPartition

        bounds: tuple[int, int] = self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=10)
        return bounds

    def _told_ms(self, place: tuple[str, int], offset: int) -> int | None:
        """When the record at `offset` was told; None when there is none."""
        from confluent_kafka import TopicPartition

        if self._bounds(place)[1] <= offset:
            return None
        self._consumer.assign([TopicPartition(*place, offset)])
        message: Any = None
        while message is None or message.error():
            message = self._consumer.poll(5.0)
        return int(message.timestamp()[1])


_PLACES = [(topic.name, partition) for topic in FEATURES for partition in range(topic.partitions)]


def bytes_told(kafka_data: Path) -> int:
    """What the histories' topics take on the broker's disk."""
    return sum(file.stat().st_size for file in kafka_data.glob(f"features.*/{SEGMENTS}"))

"""How far a subtask has come: the oldest of the newest heartbeats of all source partitions."""

from domain.display import SECOND_MS
from domain.topics import SOURCES

EMIT_EVERY_MS = SECOND_MS // 8


class LowWatermark:
    """Kept in memory only: after a restart the next heartbeat of each partition brings it back."""

    def __init__(self) -> None:
        self._newest_ms = {(topic.name, p): 0 for topic in SOURCES for p in range(topic.partitions)}
        self._emitted_ms = 0

    def advance(self, source_topic: str, partition: int, time_ms: int) -> int | None:
        """The low watermark when it is worth telling, else None."""
        source = (source_topic, partition)
        if source in self._newest_ms:
            self._newest_ms[source] = max(self._newest_ms[source], time_ms)
        low_ms = min(self._newest_ms.values())
        if low_ms < self._emitted_ms + EMIT_EVERY_MS:
            return None
        self._emitted_ms = low_ms
        return low_ms

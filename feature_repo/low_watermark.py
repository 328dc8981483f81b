"""How far the features topics have come as a whole."""

from collections.abc import Iterable

from domain.feature_message import WatermarkMessage

Partition = tuple[str, int]


class LowWatermark:
    """The least of what every subtask last said in every partition; unknown until all have spoken.

    What is said elsewhere does not count.
    """

    def __init__(self, partitions: Iterable[Partition]) -> None:
        self._said: dict[Partition, dict[int, int]] = {partition: {} for partition in partitions}
        self._subtasks = 0

    def hear(self, partition: Partition, message: WatermarkMessage) -> None:
        if partition not in self._said:
            return
        if message.subtasks != self._subtasks:
            self._start_afresh(message.subtasks)
        self._said[partition][message.subtask] = message.low_watermark_ms

    def value_ms(self) -> int | None:
        spoken = list(self._said.values())
        if any(len(subtasks) < self._subtasks or not subtasks for subtasks in spoken):
            return None
        return min(min(subtasks.values()) for subtasks in spoken)

    def _start_afresh(self, subtasks: int) -> None:
        """The job now has another number of subtasks; what the old ones said no longer covers their keys."""
        self._subtasks = subtasks
        for said in self._said.values():
            said.clear()

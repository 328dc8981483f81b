"""What waits to be archived: the newest snapshot of each entity and minute, partition by partition."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.display import MINUTE_MS, SECOND_MS
from domain.feature_message import HistoryMessage
from feature_repo.archive_folder import Span

SETTLING_MS = 5 * SECOND_MS  # how long after its end a minute may still get messages


@dataclass(frozen=True, kw_only=True)
class Chunk:
    span: Span
    messages: tuple[HistoryMessage, ...]

    def by_day(self) -> dict[str, list[HistoryMessage]]:
        """The messages by the UTC day on which they were known, as YYYY-MM-DD."""
        days: dict[str, list[HistoryMessage]] = defaultdict(list)
        for message in self.messages:
            days[datetime.fromtimestamp(message.known_at_ms / 1000, UTC).date().isoformat()].append(message)
        return days


class WaitingSnapshots:
    """One partition's messages from `position` on, in the order of their offsets."""

    def __init__(self, topic: str, partition: int, position: int) -> None:
        self._topic, self._partition = topic, partition
        self._position = self._next_offset = position
        self._newest: dict[tuple[str, int], tuple[int, HistoryMessage]] = {}

    def __len__(self) -> int:
        return len(self._newest)

    def skip(self, offset: int) -> None:
        """A message that is no snapshot."""
        self._next_offset = offset + 1

    def add(self, offset: int, message: HistoryMessage) -> None:
        self._next_offset = offset + 1
        key = (message.entity_id, message.known_at_ms // MINUTE_MS)
        older = self._newest.get(key)
        if older and (older[1].epoch, older[1].version) > (message.epoch, message.version):
            return
        self._newest.pop(key, None)  # a message takes the place of its own offset
        self._newest[key] = (offset, message)

    def take(self, now_ms: int, *, all_minutes: bool = False) -> Chunk | None:
        """Everything before the first snapshot whose minute is still open; None when there is nothing."""
        end, taken = self._next_offset, []
        for key, (offset, message) in self._newest.items():
            if not all_minutes and _is_open(key[1], now_ms):
                end = offset
                break
            taken.append((key, message))
        if end == self._position:
            return None
        for key, _ in taken:
            del self._newest[key]
        span = Span(topic=self._topic, partition=self._partition, first=self._position, last=end - 1)
        self._position = end
        return Chunk(span=span, messages=tuple(message for _, message in taken))


def _is_open(minute: int, now_ms: int) -> bool:
    """A minute ahead of the clock is not waited for."""
    started_ms = minute * MINUTE_MS
    return started_ms <= now_ms < started_ms + MINUTE_MS + SETTLING_MS

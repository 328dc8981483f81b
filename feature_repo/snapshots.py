"""History snapshots for the archive: the newest of each entity and minute, partition by partition."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec
from confluent_kafka import Message

from domain.display import MINUTE_MS, SECOND_MS
from domain.feature_message import HistoryMessage, decode_message
from domain.topics import FEATURES
from feature_repo import archive_table
from feature_repo.archive_file import Span
from feature_repo.archive_subject import Chunk
from feature_repo.views import BY_KIND, View

VIEW_OF_TOPIC: Mapping[str, View] = MappingProxyType(
    {view.topic.name: view for view in BY_KIND.values() if view.topic}
)
SETTLING_MS = 5 * SECOND_MS  # how long after its end a minute may still get messages


class WaitingSnapshots:
    """One partition's messages from `position` on, in the order of their offsets; size is in rows."""

    def __init__(self, topic: str, partition: int, position: int) -> None:
        self._topic, self._partition = topic, partition
        self._position = self._next_offset = position
        self._newest: dict[tuple[str, int], tuple[int, HistoryMessage]] = {}

    @property
    def size(self) -> int:
        return len(self._newest)

    def add(self, message: Message) -> None:
        self._next_offset = message.offset() + 1
        if (snapshot := _snapshot(message.value())) is None:
            return
        key = (snapshot.entity_id, snapshot.known_at_ms // MINUTE_MS)
        older = self._newest.get(key)
        if older and (older[1].epoch, older[1].version) > (snapshot.epoch, snapshot.version):
            return
        self._newest.pop(key, None)  # a message takes the place of its own offset
        self._newest[key] = (message.offset(), snapshot)

    def take(self, now_ms: int, *, everything: bool = False) -> Chunk[HistoryMessage] | None:
        """Everything before the first snapshot whose minute is still open."""
        end, taken = self._next_offset, []
        for key, (offset, message) in self._newest.items():
            if not everything and _is_open(key[1], now_ms):
                end = offset
                break
            taken.append((key, message))
        if end == self._position:
            return None
        for key, _ in taken:
            del self._newest[key]
        span = Span(topic=self._topic, partition=self._partition, first=self._position, last=end - 1)
        self._position = end
        return Chunk(span=span, rows=tuple(message for _, message in taken))


class Snapshots:
    """Sizes are in rows; past the second one, minutes that are still open are written too."""

    name = "snapshots"
    topics = FEATURES
    flush_size = 10_000
    most_size = 50_000
    waiting = WaitingSnapshots

    def shelf(self, topic: str) -> View:
        return VIEW_OF_TOPIC[topic]

    def time_ms(self, row: HistoryMessage) -> int:
        return row.known_at_ms

    def write(self, topic: str, rows: Sequence[HistoryMessage], now_ms: int, file: Path) -> None:
        archive_table.write(VIEW_OF_TOPIC[topic], rows, now_ms, file)


def _snapshot(body: bytes | None) -> HistoryMessage | None:
    """None for what is no snapshot; the online writer reports what is no message of ours."""
    try:
        decoded = decode_message(body or b"")
    except msgspec.DecodeError:
        return None
    return decoded if isinstance(decoded, HistoryMessage) else None


def _is_open(minute: int, now_ms: int) -> bool:
    """A minute ahead of the clock is not waited for."""
    started_ms = minute * MINUTE_MS
    return started_ms <= now_ms < started_ms + MINUTE_MS + SETTLING_MS

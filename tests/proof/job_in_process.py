"""The job's own two steps in one process without Flink, and all that the online store ever held of them."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from domain.feature_message import HistoryMessage, decode_message
from domain.raw_record import RawRecord
from domain.topics import DEAD_LETTER
from flink_jobs.decode_step import DecodeAndRoute
from flink_jobs.fold_step import FoldIntoHistory
from flink_jobs.routing import KINDS

Entity = tuple[str, str]  # kind and id


class Job:
    """Takes records in any interleaving that keeps the order of each partition."""

    def __init__(self) -> None:
        self.stored: dict[Entity, list[bytes]] = defaultdict(list)
        self.dead_letters = 0
        self._runtime = Runtime()
        self._decode = DecodeAndRoute(KINDS, ("heartbeat:0",))
        self._fold = FoldIntoHistory(KINDS)
        self._decode.open(self._runtime)
        self._fold.open(self._runtime)

    @property
    def counts(self) -> Counter[str]:
        return Counter({name: counter.count for name, counter in self._runtime.counters.items()})

    def take(self, record: RawRecord) -> None:
        row: Any = (record.body, record.topic, record.partition, record.offset, record.record_time_ms)
        for key, delivery in self._decode.process_element(row, self._runtime):
            self._runtime.key = key
            self._send(self._fold.process_element(delivery, self._runtime))

    def fire_timers(self) -> None:
        """As when the time has come that zones wait for."""
        due, self._runtime.timers = self._runtime.timers, {}
        self._fold._due_ms.clear()  # the clock has not really gone on, and a timer is set once for its time
        for key, at_ms in due.items():
            self._runtime.key = key
            self._send(self._fold.on_timer(at_ms, self._runtime))

    def _send(self, told: Iterator[tuple[str, str, bytes]]) -> None:
        for topic, _, body in told:
            if topic == DEAD_LETTER.name:
                self.dead_letters += 1
                continue
            message = decode_message(body)
            assert isinstance(message, HistoryMessage), "nobody sent a heartbeat"
            self.stored[message.kind, message.entity_id].append(message.payload)


class Runtime:
    """As much of Flink as the steps ask for: one subtask, state and timers by key, counters by name."""

    def __init__(self) -> None:
        self.key = ""
        self.timers: dict[str, int] = {}
        self.counters: dict[str, Tally] = defaultdict(Tally)
        self._states: dict[str, bytes] = {}
        self._runtime_context = self

    def get_state(self, _descriptor: Any) -> "Runtime":
        return self

    def value(self) -> bytes | None:
        return self._states.get(self.key)

    def update(self, value: bytes) -> None:
        self._states[self.key] = value

    def get_current_key(self) -> str:
        return self.key

    def timer_service(self) -> "Runtime":
        return self

    def register_processing_time_timer(self, at_ms: int) -> None:
        self.timers[self.key] = at_ms

    def get_metrics_group(self) -> "Runtime":
        return self

    def counter(self, name: str) -> "Tally":
        return self.counters[name]

    def getTaskInfo(self) -> "Runtime":  # noqa: N802 - the name is Java's
        return self

    def getIndexOfThisSubtask(self) -> int:  # noqa: N802 - the name is Java's
        return 0

    def getNumberOfParallelSubtasks(self) -> int:  # noqa: N802 - the name is Java's
        return 1


class Tally:
    def __init__(self) -> None:
        self.count = 0

    def inc(self, many: int = 1) -> None:
        self.count += many

"""As much of Flink's runtime as the two steps ask for."""

from typing import Any


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def inc(self) -> None:
        self.count += 1


class ValueState:
    def __init__(self) -> None:
        self._value: bytes | None = None

    def value(self) -> bytes | None:
        return self._value

    def update(self, value: bytes) -> None:
        self._value = value


class RuntimeContext:
    """One subtask and one key."""

    def __init__(self, *, subtask: int = 0, subtasks: int = 1) -> None:
        self.counters: dict[str, Counter] = {}
        self.state = ValueState()
        self._subtask, self._subtasks = subtask, subtasks
        self._runtime_context = self

    def get_metrics_group(self) -> "RuntimeContext":
        return self

    def counter(self, name: str) -> Counter:
        return self.counters.setdefault(name, Counter())

    def get_state(self, _descriptor: Any) -> ValueState:
        return self.state

    def getTaskInfo(self) -> "RuntimeContext":  # noqa: N802 - the name is Java's
        return self

    def getIndexOfThisSubtask(self) -> int:  # noqa: N802 - the name is Java's
        return self._subtask

    def getNumberOfParallelSubtasks(self) -> int:  # noqa: N802 - the name is Java's
        return self._subtasks

    def counted(self) -> dict[str, int]:
        return {name: counter.count for name, counter in self.counters.items()}


class Instant:
    """A java.time.Instant, as thread mode hands it over."""

    def __init__(self, time_ms: int) -> None:
        self._time_ms = time_ms

    def toEpochMilli(self) -> int:  # noqa: N802 - the name is Java's
        return self._time_ms

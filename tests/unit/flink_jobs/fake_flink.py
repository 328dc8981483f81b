"""As much of Flink's runtime as the two steps ask for."""

from typing import Any


class Counter:
    def __init__(self) -> None:
        self.count = 0
        self.calls = 0

    def inc(self, n: int = 1) -> None:
        self.count += n
        self.calls += 1


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


class TimerService:
    def __init__(self) -> None:
        self.due_ms: list[int] = []

    def register_processing_time_timer(self, due_ms: int) -> None:
        self.due_ms.append(due_ms)


class KeyContext:
    """What the second step is told of the key at hand, and where it sets timers."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.timers = TimerService()

    def get_current_key(self) -> str:
        return self._key

    def timer_service(self) -> TimerService:
        return self.timers

"""What an archiver needs to know of the things it archives."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from confluent_kafka import Message

from domain.display import DAY_MS
from domain.topics import Topic
from feature_repo.archive_file import Span
from feature_repo.archive_folder import Shelf

Row = TypeVar("Row")
_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Chunk(Generic[Row]):
    """What of a span of offsets goes into files, which may be nothing."""

    span: Span
    rows: tuple[Row, ...]


class Waiting(Protocol[Row]):
    """What has been read of one partition and is in no file yet."""

    @property
    def size(self) -> int: ...

    def add(self, message: Message) -> None: ...

    def take(self, now_ms: int, /, *, everything: bool) -> Chunk[Row] | None:
        """What is ready, or with `everything` all there is; None when the position would not move."""


class Subject(Protocol[Row]):
    """Sizes in the unit of Waiting.size: the first is worth files at once, at the other nothing waits."""

    @property
    def name(self) -> str: ...

    @property
    def topics(self) -> Sequence[Topic]: ...

    @property
    def flush_size(self) -> int: ...

    @property
    def most_size(self) -> int: ...

    def shelf(self, topic: str) -> Shelf: ...

    def waiting(self, topic: str, partition: int, position: int) -> Waiting[Row]: ...

    def time_ms(self, row: Row) -> int:
        """Says which day's file it goes to."""

    def write(self, topic: str, rows: Sequence[Row], now_ms: int, file: Path, /) -> None: ...


def by_day(rows: Iterable[Row], time_ms: Callable[[Row], int]) -> dict[str, list[Row]]:
    """The rows of each UTC day, as YYYY-MM-DD."""
    days: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        days[time_ms(row) // DAY_MS].append(row)
    return {day_name(day * DAY_MS): rows for day, rows in days.items()}


def day_name(time_ms: int) -> str:
    return (_FIRST_DAY + timedelta(days=time_ms // DAY_MS)).isoformat()

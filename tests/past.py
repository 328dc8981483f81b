"""A past as Kafka would hold it: events told one after the other, and what a history knew of them when."""

from pathlib import Path

from domain.events import Event, encode_event, event_time_ms
from domain.fold import fold
from domain.history import History, HistoryKind
from domain.profile import Profile, fold_profile
from domain.raw_record import RawRecord
from domain.topics import BY_NAME, DECISIONS, LABELS, RIDES, partition_of, source_number
from feature_repo.archive_folder import ArchiveFolder, Span
from feature_repo.raw_ids import ids_of
from feature_repo.raw_table import write
from flink_jobs.routing import TYPES_IN_TOPIC

ANY_DAY = "2026-09-21"


class Past:
    """`tell` puts an event at the end of its partition, as its producer would."""

    def __init__(self) -> None:
        self.records: list[RawRecord] = []
        self._next: dict[tuple[str, int], int] = {}

    def tell(self, event: Event, *, known_at_ms: int | None = None) -> RawRecord:
        topic = next(
            topic for topic in (DECISIONS, LABELS, RIDES) if type(event) in TYPES_IN_TOPIC[topic.name]
        )
        key = str(getattr(event, topic.key)).encode()
        partition = partition_of(key, topic.partitions)
        offset = self._next.get((topic.name, partition), 0)
        self._next[topic.name, partition] = offset + 1
        record = RawRecord(
            topic=topic.name,
            partition=partition,
            offset=offset,
            record_time_ms=event_time_ms(event) if known_at_ms is None else known_at_ms,
            key=key,
            body=encode_event(event),
        )
        self.records.append(record)
        return record

    def ordered(self) -> list[RawRecord]:
        """As the archive hands them over."""
        return sorted(self.records, key=lambda record: (record.topic, record.partition, record.offset))

    def archive(self, root: Path) -> None:
        """Everything told so far stands in files under `root`, and nothing else does."""
        folder = ArchiveFolder(root)
        for (topic, partition), end in self._next.items():
            rows = [
                (r, ids_of(r.body)) for r in self.ordered() if (r.topic, r.partition) == (topic, partition)
            ]
            start = folder.position(BY_NAME[topic], topic, partition)
            fresh = [row for row in rows if row[0].offset >= start]
            if fresh:
                span = Span(topic=topic, partition=partition, first=start, last=end - 1)
                folder.add(BY_NAME[topic], ANY_DAY, span, lambda file, told=fresh: write(told, file))
                folder.set_position(BY_NAME[topic], topic, partition, end)


def folded(kind: HistoryKind, history: History | None, event: Event, record: RawRecord) -> History:
    """As the job folds the record of `event`."""
    position = (source_number(record.topic, record.partition), record.offset)
    return fold(kind, history, event, record.record_time_ms, position)


def folded_profile(profile: Profile | None, event: Event, record: RawRecord) -> Profile:
    position = (source_number(record.topic, record.partition), record.offset)
    return fold_profile(profile, event, record.record_time_ms, position)  # type: ignore[arg-type]

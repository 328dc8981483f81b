"""All records that were ever told, read twice: by replay, which rebuilds histories, and by the oracle."""

from collections import defaultdict
from collections.abc import Sequence

from oracle import Oracle, Told

from domain.raw_record import RawRecord, merged
from flink_jobs.as_known import KnownPast, step_of


class RawPast:
    """`records` in the order of topic, partition and offset."""

    def __init__(self, records: Sequence[RawRecord]) -> None:
        partitions: dict[tuple[str, int], list[RawRecord]] = defaultdict(list)
        for record in records:
            partitions[record.topic, record.partition].append(record)
        self.replay = KnownPast(merged(partitions.values()))
        self.oracle = Oracle(
            Told(step.source, step.offset, step.known_at_ms, step.event)
            for record in records
            if (step := step_of(record))
        )

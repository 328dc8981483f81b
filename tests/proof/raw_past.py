"""All records that were ever told, read by replay, which rebuilds histories and rings, and by the oracle."""

from collections import defaultdict
from collections.abc import Sequence

from oracle import Oracle, Told

from deploy.parity.rings import LinkPast
from domain.raw_record import RawRecord, merged
from flink_jobs.as_known import KnownPast, step_of


class RawPast:
    """`records` in the order of topic, partition and offset."""

    def __init__(self, records: Sequence[RawRecord]) -> None:
        self.replay = known_past(records)
        self.links = LinkPast()
        self.links.take(records)
        self.oracle = Oracle(
            Told(step.source, step.offset, step.known_at_ms, step.event)
            for record in records
            if (step := step_of(record))
        )


def known_past(records: Sequence[RawRecord]) -> KnownPast:
    partitions: dict[tuple[str, int], list[RawRecord]] = defaultdict(list)
    for record in records:
        partitions[record.topic, record.partition].append(record)
    return KnownPast(merged(partitions.values()))

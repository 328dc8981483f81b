"""First step: read a record, refuse what cannot be read, and address the rest to the entities it concerns."""

from collections.abc import Iterator

from pyflink.common import Row
from pyflink.datastream import FlatMapFunction, RuntimeContext

from domain.errors import EventRefused
from domain.events import Heartbeat, decode_event
from domain.history import is_late
from flink_jobs.dead_letter import DeadLetter
from flink_jobs.routing import check_topic, targets

DEAD_LETTER = "dead-letter"
HEARTBEAT = "heartbeat"


class DecodeAndRoute(FlatMapFunction):
    """From (body, topic, partition, offset, record time) to (key, kind, entity, body, record time in ms)."""

    def __init__(self, kinds: tuple[str, ...], subtask_keys: tuple[str, ...]) -> None:
        self._kinds = kinds
        self._subtask_keys = subtask_keys

    def open(self, runtime_context: RuntimeContext) -> None:
        metrics = runtime_context.get_metrics_group()
        self._refused = metrics.counter("events_refused")
        self._late = metrics.counter("events_late")
        self._read = metrics.counter("events_read")

    def flat_map(self, value: Row) -> Iterator[Row]:
        body, topic, partition, offset, record_time = value
        record_time_ms = record_time.toEpochMilli()  # a java.time.Instant in thread mode
        self._read.inc()
        try:
            event = decode_event(body, record_time_ms)
            check_topic(event, topic)
        except EventRefused as refused:
            self._refused.inc()
            letter = DeadLetter(
                topic=topic,
                partition=partition,
                offset=offset,
                record_time_ms=record_time_ms,
                reason=refused.reason,
                detail=refused.detail,
            )
            yield Row(DEAD_LETTER, DEAD_LETTER, f"{topic}-{partition}", letter.encode(), record_time_ms)
            return
        if isinstance(event, Heartbeat):
            for key in self._subtask_keys:
                yield Row(key, HEARTBEAT, "", body, record_time_ms)
        elif is_late(event, record_time_ms):
            self._late.inc()
        else:
            for kind, entity in targets(event, self._kinds):
                yield Row(f"{kind}:{entity}", kind, entity, body, record_time_ms)

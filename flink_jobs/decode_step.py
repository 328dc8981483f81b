"""First step: read a record, refuse what cannot be read, and address the rest to the entities it concerns."""

from collections.abc import Iterator

from pyflink.common import Row
from pyflink.datastream import ProcessFunction, RuntimeContext

from domain.errors import EventRefused
from domain.events import Event, Heartbeat, decode_event
from domain.fold import is_late
from domain.topics import source_number
from flink_jobs.dead_letter import DeadLetter
from flink_jobs.delivery import Delivery, encode_delivery
from flink_jobs.routing import check_topic, targets
from flink_jobs.tally import Tally

DEAD_LETTER = "dead-letter"
HEARTBEAT = "heartbeat"


class DecodeAndRoute(ProcessFunction):
    """From (body, topic, partition, offset, record time in ms) to (key, encoded Delivery)."""

    def __init__(self, kinds: tuple[str, ...], subtask_keys: tuple[str, ...]) -> None:
        self._kinds = kinds
        self._subtask_keys = subtask_keys

    def open(self, runtime_context: RuntimeContext) -> None:
        metrics = runtime_context.get_metrics_group()
        self._refused = metrics.counter("events_refused")
        self._late = metrics.counter("events_late")
        self._read = Tally(metrics.counter("events_read"))

    def process_element(self, value: Row, _ctx: ProcessFunction.Context) -> Iterator[Row]:
        body, topic, partition, offset, record_time_ms = value
        self._read.add()
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
            yield Row(DEAD_LETTER, encode_delivery(letter_delivery(letter)))
            return
        for key, kind, entity in self._addresses(event, record_time_ms):
            source = source_number(topic, partition)
            yield Row(key, encode_delivery(Delivery(kind, entity, body, record_time_ms, source, offset)))

    def _addresses(self, event: Event, record_time_ms: int) -> list[tuple[str, str, str]]:
        if isinstance(event, Heartbeat):
            self._read.tell()
            return [(key, HEARTBEAT, "") for key in self._subtask_keys]
        if is_late(event, record_time_ms):
            self._late.inc()
            return []
        return [(f"{kind}:{entity}", kind, entity) for kind, entity in targets(event, self._kinds)]


def letter_delivery(letter: DeadLetter) -> Delivery:
    entity = f"{letter.topic}-{letter.partition}"
    source = source_number(letter.topic, letter.partition)
    return Delivery(DEAD_LETTER, entity, letter.encode(), letter.record_time_ms, source, letter.offset)

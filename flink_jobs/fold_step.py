"""Second step: fold an event into the history of its key and tell the new version."""

from collections.abc import Iterator

from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ValueStateDescriptor

from domain import topics
from domain.events import Heartbeat, decode_event, event_time_ms
from domain.feature_message import HistoryMessage, WatermarkMessage, encode_message
from domain.topics import features_topic, key_for_partition
from flink_jobs.decode_step import DEAD_LETTER, HEARTBEAT
from flink_jobs.folding import fold_payload
from flink_jobs.watermarks import LowWatermark


class FoldIntoHistory(KeyedProcessFunction):
    """From (key, kind, entity, body, record time) to (topic, key, body); the state is the history's bytes."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._kinds = kinds

    def open(self, runtime_context: RuntimeContext) -> None:
        # Pickling a bytes object is a copy; as a primitive array, PyFlink would walk it byte by byte.
        history = ValueStateDescriptor("history", Types.PICKLED_BYTE_ARRAY())
        self._payload = runtime_context.get_state(history)
        # PyFlink 2.2 asks thread mode's context for methods that moved to its task info.
        task = runtime_context._runtime_context.getTaskInfo()
        self._subtask = task.getIndexOfThisSubtask()
        self._subtasks = task.getNumberOfParallelSubtasks()
        metrics = runtime_context.get_metrics_group()
        self._folded = metrics.counter("events_folded")
        self._duplicates = metrics.counter("events_duplicate")
        self._watermark = LowWatermark()
        self._watermark_keys = [
            (topic.name, key_for_partition(partition, topic.partitions, "watermark"))
            for topic in map(features_topic, self._kinds)
            for partition in range(topic.partitions)
        ]

    def process_element(self, value: Row, _ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        _, kind, entity, body, record_time_ms = value
        if kind == HEARTBEAT:
            yield from self._tell_watermark(body, record_time_ms)
        elif kind == DEAD_LETTER:
            yield Row(topics.DEAD_LETTER.name, entity, body)
        else:
            yield from self._fold(kind, entity, body, record_time_ms)

    def _fold(self, kind: str, entity: str, body: bytes, record_time_ms: int) -> Iterator[Row]:
        folded = fold_payload(kind, self._payload.value(), decode_event(body, record_time_ms), record_time_ms)
        if folded is None:
            self._duplicates.inc()
            return
        self._folded.inc()
        self._payload.update(folded.payload)
        message = HistoryMessage(
            kind=kind,
            entity_id=entity,
            epoch=folded.epoch,
            version=folded.version,
            known_at_ms=folded.known_at_ms,
            payload=folded.payload,
        )
        yield Row(features_topic(kind).name, entity, encode_message(message))

    def _tell_watermark(self, body: bytes, record_time_ms: int) -> Iterator[Row]:
        heartbeat = decode_event(body, record_time_ms)
        assert isinstance(heartbeat, Heartbeat)  # noqa: S101 - both sides of the boundary
        low_ms = self._watermark.advance(
            heartbeat.source_topic, heartbeat.partition, event_time_ms(heartbeat)
        )
        if low_ms is None:
            return
        message = encode_message(
            WatermarkMessage(subtask=self._subtask, subtasks=self._subtasks, low_watermark_ms=low_ms)
        )
        for topic, key in self._watermark_keys:
            yield Row(topic, key, message)

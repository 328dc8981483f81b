"""Second step: fold an event into the history of its key and tell the new version."""

import gc
import time
from collections.abc import Iterator

from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ValueStateDescriptor

from domain import topics
from domain.events import Event, Heartbeat, decode_event, event_time_ms
from domain.feature_message import HistoryMessage, WatermarkMessage, encode_message
from domain.topics import features_topic, key_for_partition
from flink_jobs.decode_step import DEAD_LETTER, HEARTBEAT
from flink_jobs.delivery import Delivery, decode_delivery
from flink_jobs.execution_mode import runs_in_java
from flink_jobs.folding import Folded, fold_payload, read_folded
from flink_jobs.pacing import next_telling_ms
from flink_jobs.tally import Tally
from flink_jobs.watermarks import LowWatermark

Outgoing = tuple[str, str, bytes]  # topic, key, body


class FoldIntoHistory(KeyedProcessFunction):
    """From an encoded Delivery to what is sent; the state is the history's bytes.

    `paced` is off where no time passes: a bounded run tells every version of every history.
    """

    def __init__(self, kinds: tuple[str, ...], *, epoch: int = 1, paced: bool = True) -> None:
        self._kinds = kinds
        self._epoch = epoch
        self._paced = paced

    def open(self, runtime_context: RuntimeContext) -> None:
        # What the imports made stays: a full collection, else a pause of tens of milliseconds, passes it by.
        gc.freeze()
        # Pickling a bytes object is a copy; as a primitive array, PyFlink would walk it byte by byte.
        history = ValueStateDescriptor("history", Types.PICKLED_BYTE_ARRAY())
        self._payload = runtime_context.get_state(history)
        # PyFlink 2.2 asks thread mode's context for methods that moved to its task info.
        task = runtime_context._runtime_context.getTaskInfo()
        self._subtask = task.getIndexOfThisSubtask()
        self._subtasks = task.getNumberOfParallelSubtasks()
        metrics = runtime_context.get_metrics_group()
        self._folded = Tally(metrics.counter("events_folded"))
        self._duplicates = metrics.counter("events_duplicate")
        metrics.counter("subtasks_in_java").inc(int(runs_in_java()))
        self._due_ms: dict[str, int] = {}  # of histories that wait to be told: their timer
        self._last_body = b""
        self._watermark = LowWatermark()
        self._watermark_keys = [
            (topic.name, key_for_partition(partition, topic.partitions, "watermark"))
            for topic in map(features_topic, self._kinds)
            for partition in range(topic.partitions)
        ]

    def process_element(self, value: bytes, ctx: KeyedProcessFunction.Context) -> Iterator[Outgoing]:
        delivery = decode_delivery(value)
        if delivery.kind == HEARTBEAT:
            yield from self._tell_watermark(delivery)
        elif delivery.kind == DEAD_LETTER:
            yield topics.DEAD_LETTER.name, delivery.entity, delivery.body
        else:
            folded = self._fold(delivery)
            if folded and not self._told_later(delivery, folded, ctx):
                yield _told(delivery.kind, delivery.entity, folded)

    def on_timer(self, _timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Outgoing]:
        """A paced history changed since it was told last. Timers survive in checkpoints."""
        key = ctx.get_current_key()
        self._due_ms.pop(key, None)
        kind, _, entity = key.partition(":")
        yield _told(kind, entity, read_folded(self._payload.value()))

    def _fold(self, delivery: Delivery) -> Folded | None:
        folded = fold_payload(
            delivery.kind,
            self._payload.value(),
            self._event_of(delivery),
            delivery.record_time_ms,
            (delivery.source, delivery.offset),
            epoch=self._epoch,
        )
        if folded is None:
            self._duplicates.inc()
            return None
        self._folded.add()
        self._payload.update(folded.payload)
        return folded

    def _event_of(self, delivery: Delivery) -> Event:
        """Decoded once for all entities of an event, which come one after the other."""
        if delivery.body != self._last_body:
            self._last_body = delivery.body
            self._last_event = decode_event(delivery.body, delivery.record_time_ms)
        return self._last_event

    def _told_later(self, delivery: Delivery, folded: Folded, ctx: KeyedProcessFunction.Context) -> bool:
        now_ms = time.time_ns() // 1_000_000
        due_ms = next_telling_ms(delivery.kind, folded, now_ms) if self._paced else None
        if due_ms is None:
            return False
        key = f"{delivery.kind}:{delivery.entity}"
        if self._due_ms.get(key) != due_ms:
            self._due_ms[key] = due_ms
            ctx.timer_service().register_processing_time_timer(due_ms)
        return True

    def _tell_watermark(self, delivery: Delivery) -> Iterator[Outgoing]:
        self._folded.tell()
        heartbeat = decode_event(delivery.body, delivery.record_time_ms)
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
            yield topic, key, message


def _told(kind: str, entity: str, folded: Folded) -> Outgoing:
    message = HistoryMessage(
        kind=kind,
        entity_id=entity,
        epoch=folded.epoch,
        version=folded.version,
        known_at_ms=folded.known_at_ms,
        payload=folded.payload,
    )
    return features_topic(kind).name, entity, encode_message(message)

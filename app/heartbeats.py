"""Tells readers of the source topics how far the past is complete: silence is not delay."""

from datetime import datetime, timedelta

from app.outbox import Settled
from app.publisher import Publisher
from domain.events import Heartbeat, encode_event, to_ms
from domain.topics import RIDES, SOURCES

EVERY_S = 0.25
# A decision carries the instant of its arrival, and is in the outbox at most this much later.
IN_FLIGHT = timedelta(milliseconds=100)
PRODUCER = "relay"


def beat(publisher: Publisher, settled: Settled) -> None:
    """One heartbeat into each partition; payments count as complete only as far as the outbox is sent."""
    for topic in SOURCES:
        complete_until = settled.now if topic is RIDES else settled.until
        for partition in range(topic.partitions):
            payload = _heartbeat(topic.name, partition, complete_until - IN_FLIGHT)
            publisher.send_to_partition(topic.name, partition, payload)


def _heartbeat(topic: str, partition: int, time: datetime) -> bytes:
    heartbeat = Heartbeat(
        id=f"beat_{topic}_{partition}_{to_ms(time)}",
        event_time=time,
        producer=PRODUCER,
        source_topic=topic,
        partition=partition,
    )
    return encode_event(heartbeat)

"""Reading every partition of every features topic."""

from collections.abc import Callable, Iterator
from threading import Event

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from domain.topics import FEATURES, HISTORIES

PARTITIONS = tuple((topic.name, partition) for topic in FEATURES for partition in range(topic.partitions))
WITH_WATERMARKS = tuple(
    (topic.name, partition) for topic in HISTORIES for partition in range(topic.partitions)
)
COMMITTED_TRIES = 100
COMMITTED_WAIT_S = 2.0
COMMITTED_AGAIN_S = 0.2


def open_consumer(bootstrap: str, group: str) -> Consumer:
    """Offsets given to its `store_offsets` are committed within a second and at close."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "enable.auto.commit": True,
            "auto.commit.interval.ms": 1000,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 10,
            "fetch.error.backoff.ms": 100,
            "queued.max.messages.kbytes": 16_384,
            "reconnect.backoff.max.ms": 1000,
        }
    )


def read_from(consumer: Consumer, offset_of: Callable[[str, int], int]) -> None:
    """All partitions, each from `offset_of(topic, partition)` or, if that is gone, from its start."""
    consumer.assign([TopicPartition(name, number, offset_of(name, number)) for name, number in PARTITIONS])


def read_from_committed(consumer: Consumer, stop: Event) -> None:
    """All partitions, each from where its group stopped.

    The offsets are asked for here and not by OFFSET_STORED: librdkafka 2.16 waits for ever when the answer is
    "not coordinator", which a broker gives in its first second.
    """
    for attempt in range(COMMITTED_TRIES):
        try:
            found = consumer.committed([TopicPartition(*place) for place in PARTITIONS], COMMITTED_WAIT_S)
        except KafkaException:
            if attempt == COMMITTED_TRIES - 1:
                raise
            if stop.wait(COMMITTED_AGAIN_S):
                return
        else:
            break
    offsets = {(place.topic, place.partition): place.offset for place in found}
    read_from(consumer, lambda name, number: max(offsets[name, number], OFFSET_BEGINNING))


def readable(messages: list[Message]) -> Iterator[Message]:
    """The messages that have a body; raises KafkaException when the broker refuses us for good."""
    for message in messages:
        error = message.error()
        if error is None and message.value() is not None:
            yield message
        elif error is not None and (error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART):
            raise KafkaException(error)

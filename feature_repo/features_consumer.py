"""Reading every partition of every features topic."""

from collections.abc import Callable, Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from domain.topics import FEATURES

PARTITIONS = tuple((topic.name, partition) for topic in FEATURES for partition in range(topic.partitions))


def open_consumer(bootstrap: str, group: str, offset_of: Callable[[str, int], int]) -> Consumer:
    """A consumer of all partitions, each from `offset_of(topic, partition)` or, if that is gone, its start.

    Offsets given to `store_offsets` are committed within a second and at close.
    """
    consumer = Consumer(
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
    consumer.assign([TopicPartition(name, number, offset_of(name, number)) for name, number in PARTITIONS])
    return consumer


def readable(messages: list[Message]) -> Iterator[Message]:
    """The messages that have a body; raises KafkaException when the broker refuses us for good."""
    for message in messages:
        error = message.error()
        if error is None and message.value() is not None:
            yield message
        elif error is not None and (error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART):
            raise KafkaException(error)

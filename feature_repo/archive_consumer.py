"""Reading topics for the archive, in no hurry."""

from collections.abc import Iterable, Iterator, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection
from confluent_kafka.admin import AdminClient


def open_consumer(bootstrap: str, group: str) -> Consumer:
    """It commits nothing: the archive's positions are files."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 500,
            "fetch.min.bytes": 65_536,
            "fetch.error.backoff.ms": 100,
            "queued.max.messages.kbytes": 16_384,
            "reconnect.backoff.max.ms": 1000,
        }
    )


def arrived(messages: Sequence[Message]) -> Iterator[Message]:
    """The messages, empty ones among them; raises KafkaException when the broker refuses us for good."""
    for message in messages:
        error = message.error()
        if error is None:
            yield message
        elif error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise KafkaException(error)


def topic_ids(bootstrap: str, names: Iterable[str], within_s: float) -> dict[str, str]:
    """What Kafka calls each topic beside its name; a topic that is made anew gets another."""
    client = AdminClient({"bootstrap.servers": bootstrap})  # its answers go when it goes
    asked = client.describe_topics(TopicCollection(list(names)), request_timeout=within_s)
    return {name: str(answer.result(within_s).topic_id) for name, answer in asked.items()}

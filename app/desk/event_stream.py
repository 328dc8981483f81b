"""Single messages of Kafka, read by their place and sent: a client a call, in no group, closed at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from app.desk.dead_letters import Place, Record, StreamUnavailable
from domain.topics import MURMUR2

READ_LIMIT_S, SEND_LIMIT_S = 1.5, 1.8
POLL_S = 0.1
AWAY = "Kafka does not answer: try again in a moment; `faregate status` says what is down."
NOT_SENT = f"Nothing was sent. {AWAY}"


class EventStream:
    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    def read(self, place: Place) -> Record | None:
        found = self.read_all([place]).get(place)
        return found and Record(key=found.key(), value=found.value(), time_ms=found.timestamp()[1])

    def read_all(self, places: list[Place]) -> dict[Place, Message]:
        """What stands at these places, of one partition each; those that Kafka keeps no more are left out."""
        found: dict[Place, Message] = {}
        with consuming(self._bootstrap) as consumer:
            kept = [place for place in places if _is_kept(consumer, place)]
            waiting = {(place.topic, place.partition): place for place in kept}
            consumer.assign([TopicPartition(place.topic, place.partition, place.offset) for place in kept])
            until = time.monotonic() + READ_LIMIT_S
            while waiting and time.monotonic() < until:
                message = consumer.poll(POLL_S)
                if message is None or message.error():
                    continue
                place = waiting.pop((message.topic(), message.partition()), None)
                if place and message.offset() == place.offset:
                    found[place] = message
        return found

    def send(self, topic: str, record: Record) -> Place:
        told: list[Message | KafkaError] = []
        producer = Producer(
            {
                "bootstrap.servers": self._bootstrap,
                "client.id": "faregate-desk",
                "acks": "all",
                "enable.idempotence": True,
                "partitioner": MURMUR2,
                "delivery.timeout.ms": round(SEND_LIMIT_S * 1000),
                "allow.auto.create.topics": False,
                "log_level": 2,
            }
        )
        try:
            producer.produce(
                topic,
                record.value,
                record.key,
                timestamp=record.time_ms,
                on_delivery=lambda error, message: told.append(error or message),
            )
            producer.flush(SEND_LIMIT_S + 0.2)
        except (KafkaException, BufferError) as problem:
            raise StreamUnavailable(NOT_SENT) from problem
        finally:
            producer.close()
        sent = told[0] if told else None
        if sent is None or isinstance(sent, KafkaError):
            raise StreamUnavailable(NOT_SENT)
        return Place(topic=sent.topic(), partition=sent.partition(), offset=sent.offset())


@contextmanager
def consuming(bootstrap: str) -> Iterator[Consumer]:
    """A consumer that belongs to nobody; raises StreamUnavailable while Kafka is away."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "faregate-desk",
            "enable.auto.commit": False,
            "auto.offset.reset": "latest",
            "fetch.wait.max.ms": 50,
            "socket.timeout.ms": 2_000,
            "log_level": 2,  # it says again and again that the broker is away; we say it once a look
        }
    )
    try:
        yield consumer
    except KafkaException as problem:
        raise StreamUnavailable(AWAY) from problem
    finally:
        consumer.close()


def _is_kept(consumer: Consumer, place: Place) -> bool:
    first, end = consumer.get_watermark_offsets(TopicPartition(place.topic, place.partition), READ_LIMIT_S)
    return bool(first <= place.offset < end)

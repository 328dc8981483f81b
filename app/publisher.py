"""Puts messages into Kafka and says which of them are safely there."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException, Producer

from app.outbox import Message
from domain.errors import Retryable
from domain.settings import KafkaSettings
from domain.topics import MURMUR2

DELIVERY_LIMIT_S = 10.0
STOPPING_LIMIT_S = 1.0  # what is delivered now need not be sent again by the next relay
Report = Callable[[KafkaError | None, object], None]
log = logging.getLogger("faregate.publisher")


class PublisherLost(Retryable):
    """The producer cannot go on; a new one may."""


class Publisher(Protocol):
    def send(self, messages: list[Message]) -> list[int]:
        """The ids of those that every in-sync replica holds; the others may or may not have arrived."""

    def send_to_partition(self, topic: str, partition: int, payload: bytes) -> None:
        """Hand over and do not wait; one lost is no harm."""

    def close(self) -> None: ...


class KafkaPublisher:
    """`stopping` makes the wait for deliveries short."""

    def __init__(self, settings: KafkaSettings, stopping: Callable[[], bool]) -> None:
        self._stopping = stopping
        self._lost: KafkaError | None = None
        self._producer = Producer(
            {
                "bootstrap.servers": settings.bootstrap,
                "client.id": "faregate-relay",
                "acks": "all",
                "enable.idempotence": True,
                "partitioner": MURMUR2,
                "linger.ms": 1,
                "delivery.timeout.ms": round(DELIVERY_LIMIT_S * 1000),
                "allow.auto.create.topics": False,
                "reconnect.backoff.max.ms": 1000,
                "error_cb": self._on_error,
            }
        )

    def send(self, messages: list[Message]) -> list[int]:
        delivered: list[int] = []
        failures: Counter[str] = Counter()
        for message in messages:
            self._produce(message, _report(message.id, delivered, failures))
        self._wait(lambda: len(delivered) + failures.total() >= len(messages))
        for reason, number in failures.items():
            log.warning("%s events not delivered, they will be sent again: %s", number, reason)
        if self._lost and not delivered:
            raise PublisherLost(f"the Kafka producer cannot go on: {self._lost.str()}")
        return delivered

    def _produce(self, message: Message, report: Report) -> None:
        # An event that waited out an outage in the outbox is not late: it was told in time.
        told_in_time = {"key": message.key.encode(), "timestamp": message.created_ms}
        try:
            self._producer.produce(message.topic, message.payload, on_delivery=report, **told_in_time)
        except KafkaException as error:
            report(error.args[0], None)
        except BufferError:
            report(KafkaError(KafkaError._QUEUE_FULL), None)

    def _wait(self, done: Callable[[], bool]) -> None:
        until = time.monotonic() + DELIVERY_LIMIT_S + 1
        while not done() and time.monotonic() < until:
            if self._stopping():
                until = min(until, time.monotonic() + STOPPING_LIMIT_S)
            self._producer.poll(0.05)

    def send_to_partition(self, topic: str, partition: int, payload: bytes) -> None:
        try:
            self._producer.produce(topic, payload, partition=partition)
        except (KafkaException, BufferError) as error:
            log.warning("no heartbeat into %s-%s: %s", topic, partition, error)
        self._producer.poll(0)

    def close(self) -> None:
        self._producer.flush(1.0)
        self._producer.purge()
        self._producer.close()

    def _on_error(self, error: KafkaError) -> None:
        """An idempotent producer that lost its place refuses everything from then on."""
        log.warning("Kafka: %s", error.str())
        if error.fatal():
            self._lost = error


def _report(message_id: int, delivered: list[int], failures: Counter[str]) -> Report:
    def report(error: KafkaError | None, _message: object) -> None:
        if error is None:
            delivered.append(message_id)
        else:
            failures[error.str()] += 1

    return report

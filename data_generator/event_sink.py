"""Ride, card, account and profile events to Kafka."""

import logging

from confluent_kafka import KafkaError, Message, Producer

from data_generator.acts import AppEvent
from domain.events import encode_event
from domain.topics import MURMUR2, RIDES

log = logging.getLogger(__name__)
CLOSE_S = 5.0


class KafkaEventSink:
    """`lost` counts events that Kafka did not take; each kind of trouble is logged once in a row."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "client.id": "simulator",
                "partitioner": MURMUR2,
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.timeout.ms": 60_000,
            }
        )
        self.lost = 0
        self._trouble = ""

    def publish(self, event: AppEvent) -> None:
        try:
            self._producer.produce(
                RIDES.name, key=event.user_id, value=encode_event(event), on_delivery=self._delivered
            )
        except BufferError:
            self._lose("the producer's queue is full")
        self._producer.poll(0)

    def close(self) -> None:
        left = self._producer.flush(CLOSE_S)
        if left:
            self.lost += left
            log.warning("%d events were still waiting for Kafka at the end", left)

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self._trouble = ""
        else:
            self._lose(error.str())

    def _lose(self, why: str) -> None:
        self.lost += 1
        if why != self._trouble:
            log.warning("Kafka does not take events: %s", why)
        self._trouble = why

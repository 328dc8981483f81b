"""How many messages a consumer group has yet to read."""

from dataclasses import dataclass, field
from typing import Any

from domain.topics import FEATURES, SOURCES, Topic

GROUPS: dict[str, tuple[Topic, ...]] = {"faregate-histories": SOURCES, "faregate-writer": FEATURES}
TIMEOUT_S = 2.0


@dataclass(kw_only=True)
class LagMeter:
    bootstrap: str
    _consumers: dict[str, Any] = field(default_factory=dict)

    def lag(self, group: str) -> int | None:
        """None while the group has said nothing yet, or Kafka does not answer."""
        from confluent_kafka import KafkaException, TopicPartition

        places = [
            TopicPartition(topic.name, number)
            for topic in GROUPS[group]
            for number in range(topic.partitions)
        ]
        consumer = self._consumer(group)
        try:
            committed = consumer.committed(places, timeout=TIMEOUT_S)
            return sum(self._behind(consumer, place) for place in committed if place.offset >= 0)
        except KafkaException:
            return None

    def _behind(self, consumer: Any, place: Any) -> int:
        _, end = consumer.get_watermark_offsets(place, timeout=TIMEOUT_S)
        return max(0, int(end) - int(place.offset))

    def _consumer(self, group: str) -> Any:
        from confluent_kafka import Consumer

        if group not in self._consumers:
            settings = {"bootstrap.servers": self.bootstrap, "group.id": group, "enable.auto.commit": False}
            self._consumers[group] = Consumer(settings)
        return self._consumers[group]

    def close(self) -> None:
        for consumer in self._consumers.values():
            consumer.close()

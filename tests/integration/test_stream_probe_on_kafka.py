from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from waiting import eventually

from dashboard.stream_probe import StreamProbe, open_probe
from deploy.embedded.kafka import Kafka
from domain.topics import DEAD_LETTER


@pytest.fixture
def probe(kafka: Kafka) -> Iterator[StreamProbe]:
    opened = open_probe(None, kafka.bootstrap)
    yield opened
    assert opened.consumer is not None
    opened.consumer.close()


def test_dead_letters_are_counted(kafka: Kafka, probe: StreamProbe) -> None:
    before = eventually(lambda: probe.read().dead_letters is not None and probe.read(), what="Kafka's answer")
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for _ in range(2):
        producer.produce(DEAD_LETTER.name, b"{}")
    assert producer.flush(10) == 0

    after = probe.read()

    assert before.dead_letters is not None
    assert after.dead_letters is not None
    assert after.dead_letters >= before.dead_letters + 2

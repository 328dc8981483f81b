"""What the simulator publishes lands in Kafka where the pipeline looks for it."""

import time
from random import Random

from confluent_kafka import Consumer, TopicPartition

from data_generator.acts import Publish
from data_generator.agenda import Agenda
from data_generator.belongings import Belongings
from data_generator.event_sink import KafkaEventSink
from data_generator.honest.newcomer import newcomer
from data_generator.identity import IdStream
from data_generator.population import City
from data_generator.world import present_world
from deploy.embedded.kafka import Kafka
from domain.events import AccountCreated, CardAdded, Event, decode_event
from domain.topics import RIDES, partition_of

NOW_MS = time.time_ns() // 1_000_000
TIMEOUT_S = 30.0


def _events() -> list[Event]:
    city = City(1, 50)
    world = present_world(city, Belongings(1, "test"), IdStream(NOW_MS, "test"), 1.0)
    agenda, events = Agenda(), []
    agenda.resume(newcomer(world, Random(1), city.rider(1), NOW_MS))
    while taken := agenda.take(NOW_MS):
        story, act = taken
        if isinstance(act, Publish):
            events.append(act.event)
        agenda.resume(story)
    return events


def _read(bootstrap: str, wanted: set[str]) -> dict[str, tuple[Event, bytes, int]]:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "test-simulator", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(RIDES.name, number, 0) for number in range(RIDES.partitions)])
    found: dict[str, tuple[Event, bytes, int]] = {}
    deadline = time.monotonic() + TIMEOUT_S
    while wanted - found.keys() and time.monotonic() < deadline:
        message = consumer.poll(1.0)
        if message is None or message.error() or b"rider-app" not in (message.value() or b""):
            continue
        event = decode_event(message.value(), message.timestamp()[1])
        if event.id in wanted:
            found[event.id] = (event, message.key(), message.partition())
    consumer.close()
    return found


def test_events_arrive_whole_keyed_and_partitioned_by_rider(kafka: Kafka) -> None:
    events = _events()
    assert {AccountCreated, CardAdded} <= {type(event) for event in events}
    sink = KafkaEventSink(kafka.bootstrap)
    for event in events:
        sink.publish(event)
    sink.close()
    assert sink.lost == 0
    found = _read(kafka.bootstrap, {event.id for event in events})
    assert {event.id: event for event in events} == {key: value[0] for key, value in found.items()}
    for event, key, partition in found.values():
        assert key == event.user_id.encode()
        assert partition == partition_of(key, RIDES.partitions)

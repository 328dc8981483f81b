"""The relay on fakes: at least once, and heartbeats that never promise too much."""

from collections import Counter
from datetime import timedelta
from threading import Event

import pytest
from fakes import FakeOutbox, FakePublisher

from app.heartbeats import IN_FLIGHT
from app.relay import BATCH, Relay
from domain.events import Heartbeat, decode_event
from domain.topics import DECISIONS, LABELS, RIDES


class World:
    def __init__(self) -> None:
        self.outbox, self.publisher = FakeOutbox(), FakePublisher()
        self.stop = Event()
        self.relay = Relay(
            outbox=self.outbox,
            publisher=self.publisher,
            stop=self.stop,
            monotonic=self._monotonic,
        )
        self.stop.wait = self._rest  # type: ignore[method-assign,assignment]
        self.rests: list[float] = []

    def _monotonic(self) -> float:
        return self.outbox.now.timestamp()

    def _rest(self, timeout: float) -> bool:
        self.rests.append(timeout)
        self.outbox.now += timedelta(seconds=timeout)
        return False

    def put(self, *texts: str) -> None:
        for text in texts:
            self.outbox.put(DECISIONS.name, "usr_a", text.encode())

    def heartbeats(self) -> list[Heartbeat]:
        beats = [decode_event(payload, 2**50) for _, _, payload in self.publisher.heartbeats]
        assert all(isinstance(beat, Heartbeat) for beat in beats)
        return beats  # type: ignore[return-value]


@pytest.fixture
def world() -> World:
    return World()


def test_what_waits_is_sent_once(world: World) -> None:
    world.put("one", "two")
    world.relay.turn()
    world.relay.turn()
    assert [message.payload for message in world.publisher.delivered] == [b"one", b"two"]
    assert not world.outbox.unsent


def test_what_is_not_delivered_is_sent_again(world: World) -> None:
    world.put("one", "two")
    world.publisher.refuses = lambda message: message.payload == b"one"
    world.relay.turn()
    assert [message.payload for message, _ in world.outbox.unsent.values()] == [b"one"]
    world.publisher.refuses = lambda _: False
    world.relay.turn()
    assert [message.payload for message in world.publisher.delivered] == [b"two", b"one"]


def test_a_relay_that_dies_after_delivery_sends_again(world: World) -> None:
    world.put("one")

    def dies() -> None:
        raise KeyboardInterrupt

    world.publisher.after_delivery = dies
    with pytest.raises(KeyboardInterrupt):
        world.relay.turn()
    world.publisher.after_delivery = lambda: None
    world.relay.turn()
    assert [message.payload for message in world.publisher.delivered] == [b"one", b"one"]


def test_it_rests_longer_after_each_failure_and_recovers(world: World) -> None:
    world.put("one")
    world.publisher.refuses = lambda _: True
    for _ in range(7):
        world.relay.turn()
    assert world.rests == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    world.publisher.refuses = lambda _: False
    world.relay.turn()
    world.put("two")
    world.publisher.refuses = lambda _: True
    world.relay.turn()
    assert world.rests[-1] == 0.1


def test_it_waits_for_the_next_beat_when_all_is_sent(world: World) -> None:
    world.relay.turn()
    assert world.outbox.waits == [pytest.approx(0.25)]


def test_it_does_not_wait_while_a_full_batch_came(world: World) -> None:
    world.put(*map(str, range(BATCH + 1)))
    world.relay.turn()
    assert world.outbox.waits == []
    world.relay.turn()
    assert len(world.publisher.delivered) == BATCH + 1


def test_every_source_partition_beats_every_quarter_of_a_second(world: World) -> None:
    for _ in range(4):
        world.relay.turn()
    beats = Counter((topic, partition) for topic, partition, _ in world.publisher.heartbeats)
    expected = {
        (topic.name, partition)
        for topic in (RIDES, DECISIONS, LABELS)
        for partition in range(topic.partitions)
    }
    assert set(beats) == expected
    assert set(beats.values()) == {4}
    assert {(beat.source_topic, beat.partition) for beat in world.heartbeats()} == expected


def test_beats_stay_behind_by_what_may_be_in_flight(world: World) -> None:
    began = world.outbox.now
    world.relay.turn()
    assert {beat.event_time for beat in world.heartbeats()} == {began - IN_FLIGHT}


def test_payments_are_complete_only_as_far_as_they_were_sent(world: World) -> None:
    began = world.outbox.now
    world.put("stuck")
    world.outbox.now += timedelta(seconds=3)
    world.outbox.held.add(1)  # another relay has it
    world.relay.turn()
    times = {beat.source_topic: beat.event_time for beat in world.heartbeats()}
    assert times[DECISIONS.name] == times[LABELS.name] == began - IN_FLIGHT
    assert times[RIDES.name] == began + timedelta(seconds=3) - IN_FLIGHT


def test_a_beat_comes_after_what_was_sent_before_it(world: World) -> None:
    world.put("one")
    order: list[str] = []
    world.publisher.after_delivery = lambda: order.append("event")
    world.publisher.send_to_partition = lambda *_: order.append("beat")  # type: ignore[method-assign]
    world.relay.turn()
    assert order == ["event"] + ["beat"] * 10


def test_it_ends_when_told(world: World) -> None:
    world.publisher.after_delivery = world.stop.set
    world.put("one")
    world.relay.run()
    assert not world.outbox.unsent

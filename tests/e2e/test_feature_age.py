"""What stops between an event's producer and the online store shows in the feature age within a second."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import psycopg
import pytest
from confluent_kafka import Producer
from event_factories import a_heartbeat
from freshness import age_ms, now_ms, wait_fresh
from waiting import eventually

from deploy.embedded import status
from deploy.embedded.stack import Stack
from domain.events import encode_event
from domain.topics import RIDES, SOURCES

WITHIN_S = 1.0
STEADY_LOOKS = 40
STALE_MS = 300  # so much older than it ever was before
Age = Callable[[], float]


@pytest.fixture
def age(stack: Stack) -> Iterator[Age]:
    """The feature age in milliseconds; fresh before the test and after it."""
    with psycopg.connect(stack.addresses.conninfo["faregate_api"], autocommit=True) as connection:
        wait_fresh(stack)
        yield partial(age_ms, connection)
        wait_fresh(stack)


@contextmanager
def held(stack: Stack, part: str) -> Iterator[None]:
    """A process of the stack that stands still, for less time than its peers allow it to be silent."""
    found = status.read(stack.home)
    assert found is not None
    [pid] = [each.pid for each in found.parts if each.name == part and each.pid]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def oldest(age: Age) -> float:
    seen: list[float] = []

    def look() -> bool:
        seen.append(age())
        return len(seen) == STEADY_LOOKS

    eventually(look, within_s=20, what="enough looks at the age")
    return max(seen)


@pytest.mark.parametrize("part", ["flink-taskmanager", "writer", "kafka", "relay"])
def test_a_part_that_stands_still_shows_in_the_feature_age(stack: Stack, age: Age, part: str) -> None:
    """In one of three times: beside other tests the usual age may be a second itself."""
    assert any(shows_in_time(stack, age, part) for _ in range(3)), "the feature age did not grow in time"


def shows_in_time(stack: Stack, age: Age, part: str) -> bool:
    wait_fresh(stack)
    usual_ms = oldest(age)
    with held(stack, part), suppress(AssertionError):
        eventually(lambda: age() > usual_ms + STALE_MS, within_s=WITHIN_S, what="a greater feature age")
        return True
    return False


def test_one_silent_partition_of_one_topic_shows_in_the_feature_age(stack: Stack, age: Age) -> None:
    producer = Producer({"bootstrap.servers": stack.addresses.kafka})
    usual_ms = oldest(age)

    def age_with_heartbeats(*, silent: tuple[str, int] | None) -> float:
        for topic in SOURCES:
            for partition in range(topic.partitions):
                if (topic.name, partition) != silent:
                    beat = a_heartbeat(at_ms=now_ms(), source_topic=topic.name, partition=partition)
                    producer.produce(topic.name, encode_event(beat), partition=partition)
        assert producer.flush(5) == 0
        return age()

    with held(stack, "relay"):
        eventually(
            lambda: age_with_heartbeats(silent=None) < STALE_MS, within_s=5, what="heartbeats of our own"
        )
        eventually(
            lambda: age_with_heartbeats(silent=(RIDES.name, 2)) > usual_ms + STALE_MS,
            within_s=WITHIN_S + usual_ms / 1000,
            what="a greater feature age",
        )

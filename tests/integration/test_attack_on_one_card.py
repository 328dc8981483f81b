"""A flood of payments on one card: its history stays small, and nobody else waits for it."""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from confluent_kafka import Producer
from event_factories import a_payment, a_ride_request, letters
from histories_job import Source, Told
from msgspec import json
from msgspec.structs import replace
from pipeline import PIPELINE

from deploy.bench.figures.percentile import percentile
from deploy.embedded.home import temporary_home
from deploy.embedded.stack import Stack
from domain.display import DAY_MS
from domain.events import encode_event, from_ms
from domain.history import STATE_LIMIT_BYTES
from domain.topics import DECISIONS, FEATURES_USER, MURMUR2
from flink_jobs.folding import fold_payload

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]
MILLION = 1_000_000
LOOKED_AT = 20_000  # folds at the beginning and at the end that are timed
ATTACK_PER_S, SAMPLES = 1_000, 400
NOW_MS = 1_790_000_000_000


def test_a_million_payments_on_one_card(capsys: pytest.CaptureFixture[str]) -> None:
    """As the job folds them, from bytes to bytes, over a day."""
    base, payload, largest = a_payment(), None, 0
    took_s = {"first": 0.0, "last": 0.0}
    for number in range(MILLION):
        at_ms = NOW_MS + number * DAY_MS // MILLION
        event = replace(
            base, id=f"txn_{number}", event_time=from_ms(at_ms), device_id=f"dev_{number % 5_000}"
        )
        began = time.perf_counter()
        folded = fold_payload("card", payload, event, at_ms, (1_000, number))
        took = time.perf_counter() - began
        assert folded is not None
        payload = folded.payload
        if number < LOOKED_AT:
            took_s["first"] += took
        elif number >= MILLION - LOOKED_AT:
            took_s["last"] += took
            largest = max(largest, len(payload))
    us = {name: round(seconds / LOOKED_AT * 1e6, 1) for name, seconds in took_s.items()}
    _say(capsys, {"events": MILLION, "largest_state_bytes": largest, "fold_us": us})
    assert largest < STATE_LIMIT_BYTES
    assert us["last"] < 5 * us["first"]


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Stack]:
    with temporary_home() as home:
        stack = Stack(home=home, env=os.environ, options=PIPELINE)
        stack.start()
        try:
            yield stack
        finally:
            stack.stop()


def test_neighbours_do_not_wait_for_a_card_under_attack(
    pipeline: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = pipeline.addresses.kafka
    source, told = Source(broker), Told(broker, (FEATURES_USER,))
    _neighbours(source, told, SAMPLES // 4)  # until everything has run once
    calm = _neighbours(source, told, SAMPLES)
    with attacked(broker) as sent:
        _neighbours(source, told, SAMPLES // 4)
        attack = _neighbours(source, told, SAMPLES)
    told.close()
    figures = {
        "calm_p50_ms": percentile(calm, 0.5),
        "calm_p99_ms": percentile(calm, 0.99),
        "attack_p50_ms": percentile(attack, 0.5),
        "attack_p99_ms": percentile(attack, 0.99),
        "attack_events": next(sent),
    }
    _say(capsys, figures)
    assert percentile(attack, 0.5) < 4 * percentile(calm, 0.5) + 10  # type: ignore[operator]
    assert percentile(attack, 0.99) < 250  # type: ignore[operator]


def _neighbours(source: Source, told: Told, samples: int) -> list[float]:
    """Milliseconds from an event of a rider nobody knows until the job tells of that rider."""
    times_ms = []
    for _ in range(samples):
        rider = f"usr_{letters(random.randrange(10**15))}"
        began = time.perf_counter()
        source.event(a_ride_request(at_ms=time.time_ns() // 1_000_000, user_id=rider))
        told.histories({("user", rider): 1})
        times_ms.append((time.perf_counter() - began) * 1_000)
    return times_ms


@contextmanager
def attacked(broker: str) -> Iterator[Iterator[int]]:
    """A thousand payments a second on one card, each from a device and a place of its own."""
    producer = Producer({"bootstrap.servers": broker, "partitioner": MURMUR2, "linger.ms": 5})
    stop, sent = threading.Event(), count()

    def attack() -> None:
        began = time.perf_counter()
        for number in sent:
            if stop.wait(max(0.0, began + number / ATTACK_PER_S - time.perf_counter())):
                return
            own = letters(random.randrange(10**12))
            payment = a_payment(
                at_ms=time.time_ns() // 1_000_000,
                id=f"txn_{own}",
                card_id="card_attacked",
                user_id="usr_attacker",
                device_id=f"dev_{own}",
            )
            producer.produce(DECISIONS.name, encode_event(payment), payment.user_id)
            producer.poll(0)

    thread = threading.Thread(target=attack)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join()
        assert producer.flush(10) == 0


def _say(capsys: pytest.CaptureFixture[str], figures: dict[str, object]) -> None:
    with capsys.disabled():
        print(f"\n{json.encode(figures).decode()}")  # noqa: T201 - the figures are the proof's last word

"""Events of the simulated city's mix at a steady rate, as if they happened now."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from data_generator.history import SimulatedEvent
from deploy.bench.city.backlog import city_mix
from domain.events import PaymentOutcome, encode_event, from_ms
from domain.topics import MURMUR2

LINGER_MS = 1


class Traffic:
    def __init__(self, bootstrap: str, rate: float, seconds: float) -> None:
        from confluent_kafka import Producer

        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "partitioner": MURMUR2, "linger.ms": LINGER_MS}
        )
        self._rate = rate
        # The beginning of the mix is all accounts and cards: take it from the middle.
        events = list(city_mix(int(rate * seconds * 3) + 30_000, time.time_ns() // 1_000_000))
        self._events: Sequence[SimulatedEvent] = events[-int(rate * seconds) :]
        self.sent = 0

    def send(self, stop: threading.Event) -> None:
        began = time.perf_counter()
        for number, simulated in enumerate(self._events):
            if stop.wait(max(0.0, began + number / self._rate - time.perf_counter())):
                break
            event = replace(simulated.event, event_time=from_ms(time.time_ns() // 1_000_000))
            if isinstance(event, PaymentOutcome):
                event = replace(event, occurred_at=event.event_time)
            key = str(getattr(event, simulated.topic.key))
            self._producer.produce(simulated.topic.name, encode_event(event), key)
            self._producer.poll(0)
            self.sent += 1
        self._producer.flush(10)


@contextmanager
def flowing(bootstrap: str, rate: float, seconds: float) -> Iterator[Traffic]:
    """Beside the block, for at most `seconds`."""
    traffic, stop = Traffic(bootstrap, rate, seconds), threading.Event()
    thread = threading.Thread(target=traffic.send, args=(stop,), name="traffic")
    thread.start()
    try:
        yield traffic
    finally:
        stop.set()
        thread.join()

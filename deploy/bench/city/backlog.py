"""Events that wait in Kafka for whoever drains them: the simulated city's own mix, or many riders."""

from collections.abc import Iterable, Iterator
from itertools import islice

from data_generator.history import SimulatedEvent, generate_history
from deploy.bench.city.payments import a_payment
from deploy.embedded.bootstrap import tell
from domain.events import Heartbeat, PaymentDecided, encode_event, from_ms
from domain.topics import DECISIONS, SOURCES

SEED, RIDERS, DAYS = 11, 5_000, 30
EVENTS_PER_PAYMENT = 6.2  # of the simulated city; a little less, so that there are enough
ZONES, DRIVERS = 200, 4_000
KEYS_PER_RIDER = 3  # one card, one user, one device


def city_mix(events: int, end_ms: int) -> Iterator[SimulatedEvent]:
    """The first `events` events of a month that ends at `end_ms`."""
    return islice(generate_history(SEED, RIDERS, DAYS, int(events / EVENTS_PER_PAYMENT), end_ms), events)


def one_payment_each(keys: int, end_ms: int) -> Iterator[SimulatedEvent]:
    """Payments of so many riders that there are `keys` histories."""
    riders = -(-keys // KEYS_PER_RIDER)
    return (SimulatedEvent(DECISIONS, _payment(rider, "first", end_ms)) for rider in range(riders))


def payments_of_many(payments: int, keys: int, end_ms: int) -> Iterator[SimulatedEvent]:
    """Further payments, spread over the same riders so that hardly one is in any cache."""
    riders = -(-keys // KEYS_PER_RIDER)
    step = 7_919  # a prime: all riders are visited
    return (
        SimulatedEvent(DECISIONS, _payment(number * step % riders, f"next{_letters(number)}", end_ms))
        for number in range(payments)
    )


def _payment(rider: int, name: str, at_ms: int) -> PaymentDecided:
    zone, driver = f"zone_{_letters(rider % ZONES)}", f"drv_{_letters(rider % DRIVERS)}"
    return a_payment(_letters(rider), name=name, at=from_ms(at_ms), zone=zone, driver=driver)


def _letters(number: int) -> str:
    """Digits as letters: no id may look like a card number."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def tell_all(bootstrap: str, events: Iterable[SimulatedEvent]) -> int:
    """Sends the events; returns how many. Raises HistoryLost."""
    told = 0

    def counted() -> Iterator[SimulatedEvent]:
        nonlocal told
        for event in events:
            told += 1
            yield event

    tell(bootstrap, counted())
    return told


def mark_the_end(bootstrap: str, at_ms: int) -> None:
    """A heartbeat behind everything in each partition: the job answers when it has read them all."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": bootstrap})
    for topic in SOURCES:
        for partition in range(topic.partitions):
            beat = Heartbeat(
                id="evt_bench",
                event_time=from_ms(at_ms),
                producer="bench",
                source_topic=topic.name,
                partition=partition,
            )
            producer.produce(topic.name, encode_event(beat), partition=partition, timestamp=at_ms)
    producer.flush(30)

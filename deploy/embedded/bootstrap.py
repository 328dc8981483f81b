"""`python -m deploy.embedded.bootstrap history|train`: the work of the first start, as a process of its own.

`history` simulates the city's past, tells it to Kafka, and keeps the training set that the same events give.
`train` makes the first champion from that set.
"""

import logging
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence

from data_generator.history import SimulatedEvent, generate_history
from deploy.embedded.history import HistorySize, Told
from deploy.embedded.home import Home
from domain.display import count
from domain.errors import FaregateError, ModelRefused
from domain.events import encode_event, event_time_ms
from domain.model_key import model_key
from domain.settings import KafkaSettings
from domain.topics import MURMUR2

log = logging.getLogger("faregate.bootstrap")
FLUSH_S = 120.0
BY = "bootstrap"


class HistoryLost(FaregateError):
    """Kafka did not take all of the simulated past."""


def history(home: Home, bootstrap: str, size: HistorySize) -> None:
    """An interrupted start tells the same past again: its end was written down first."""
    told = Told.read(home) or Told(size=size, end_ms=time.time_ns() // 1_000_000)
    told.write(home)
    log.info("simulating %s payments of %s riders", count(size.payments), count(size.riders))
    events = list(
        generate_history(
            told.size.seed,
            told.size.riders,
            told.size.days,
            told.size.payments,
            told.end_ms,
            without=frozenset(told.size.without),
        )
    )
    tell(bootstrap, events)
    log.info("told Kafka %s events", count(len(events)))
    _keep_training_set(home, events)
    Told(size=told.size, end_ms=told.end_ms, done=True).write(home)


def tell(bootstrap: str, events: Iterable[SimulatedEvent]) -> None:
    """Sends each event with its own time as record time; raises HistoryLost when one is not taken."""
    from confluent_kafka import Producer

    refused: list[str] = []
    settings = {"partitioner": MURMUR2, "linger.ms": 20, "acks": "all", "enable.idempotence": True}
    producer = Producer(
        {"bootstrap.servers": bootstrap, "queue.buffering.max.messages": 1_000_000, **settings}
    )
    for simulated in events:
        event = simulated.event
        producer.produce(
            simulated.topic.name,
            key=str(getattr(event, simulated.topic.key)),
            value=encode_event(event),
            timestamp=event_time_ms(event),
            on_delivery=lambda error, _: refused.append(str(error)) if error else None,
        )
        producer.poll(0)
    left = producer.flush(FLUSH_S)
    if left or refused:
        raise HistoryLost(f"Kafka took all but {left + len(refused)} events: {refused[:1] or 'no answer'}")


def _keep_training_set(home: Home, events: Sequence[SimulatedEvent]) -> None:
    from flink_jobs.replay import build_training_set

    rows = build_training_set(events, home.training_set)
    log.info("training set: %s payments", count(rows))


def train(home: Home, key: bytes) -> None:
    """Trains the model unless it is there, keeps it in the registry, and makes it champion if there is none.

    The database is the one that PG* variables name. It can be interrupted anywhere and done again.
    """
    import psycopg

    from scoring.registry import Registry

    if not _is_there(home, key):
        from scoring.train import train as fit

        fit(home.training_set, home.model, key=key, on_progress=log.info)
    with psycopg.connect("", autocommit=True) as connection:
        registry = Registry(connection)
        model = registry.register(
            home.model, kind="offline", base_version=None, by=BY, why="learned from the simulated past"
        )
        if registry.champion() is None:
            registry.promote(model.version, by=BY, why="the first model")
            log.info("champion: %s", model.version)


def _is_there(home: Home, key: bytes) -> bool:
    from scoring.signature import read_files, read_signature

    try:
        read_files(home.model, read_signature(home.model, key).files)
    except ModelRefused:
        return False
    return True


def main(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    home = Home.from_env(env)
    try:
        match arguments:
            case ["history", seed, riders, days, payments, *without]:
                size = HistorySize(
                    seed=int(seed),
                    riders=int(riders),
                    days=int(days),
                    payments=int(payments),
                    without=tuple(without),
                )
                history(home, KafkaSettings.from_env(env).bootstrap, size)
            case ["train"]:
                train(home, model_key(env))
            case _:
                log.error("usage: bootstrap history SEED RIDERS DAYS PAYMENTS [WITHOUT …] | train")
                return 2
    except FaregateError as problem:
        log.error("%s", problem)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

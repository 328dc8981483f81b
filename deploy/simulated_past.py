"""Labelled payments of simulated cities: told, replayed and kept in memory, without Kafka or a database."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from data_generator.history import SimulatedEvent, generate_history
from data_generator.scenarios.offline import SCENARIOS
from domain.display import DAY_MS
from domain.events import PaymentDecided
from flink_jobs.replay import build_training_set
from scoring import dataset
from scoring.dataset import Dataset

DAYS = 30
END_MS = 1_780_272_000_000  # a fixed instant, so that a seed means the same payments on any day


def simulated_past(
    seed: int,
    *,
    riders: int,
    payments: int,
    end_ms: int = END_MS,
    days: float = DAYS,
    without: frozenset[str] = frozenset(),
) -> Dataset:
    """The payments of a city's `days` days before `end_ms`, without the attacks named in `without`."""
    return replayed(generate_history(seed, riders, days, payments, end_ms, without))


def scenario_past(name: str, seed: int, *, riders: int, payments: int, end_ms: int = END_MS) -> Dataset:
    """The payments of a rare day or a cold start alone; the past it happens in is part of what they knew."""
    events = list(SCENARIOS[name](seed, riders, payments, end_ms))
    own = [
        each.event.transaction_id
        for each in events
        if each.scenario == name and isinstance(each.event, PaymentDecided)
    ]
    rows = replayed(events)
    return rows.take(np.isin(rows.transaction_ids, own))


def replayed(events: Iterable[SimulatedEvent]) -> Dataset:
    """The vectors of all payments among `events`, which are in order of time."""
    with tempfile.TemporaryDirectory(prefix="faregate-past-") as folder:
        file = Path(folder) / "past.parquet"
        build_training_set(events, file)
        return dataset.read(file)


def later_ms(periods: int) -> int:
    """The end of a period of DAYS days, so many periods after the usual one."""
    return END_MS + periods * DAYS * DAY_MS

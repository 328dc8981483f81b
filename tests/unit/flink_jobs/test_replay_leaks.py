"""A vector of the past holds neither the truth about its payment nor anything told after it."""

from pathlib import Path

import numpy as np
import pytest
from event_factories import NOW_MS, a_payment, a_payment_outcome
from pyarrow import parquet

from data_generator.history import SimulatedEvent, generate_history
from domain.catalogue import FEATURE_NAMES
from domain.decision import Outcome
from domain.display import HOUR_MS
from domain.events import PaymentDecided
from domain.topics import DECISIONS
from flink_jobs.replay import build_training_set

END_MS = 1_780_000_000_000
Vectors = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def events() -> list[SimulatedEvent]:
    return list(generate_history(5, 60, 20, 500, END_MS))


def vectors_of(events: list[SimulatedEvent], folder: Path) -> Vectors:
    folder.mkdir(exist_ok=True)
    build_training_set(events, folder / "set.parquet")
    table = parquet.read_table(folder / "set.parquet")
    rows = np.column_stack([table[name].to_numpy() for name in FEATURE_NAMES])
    return dict(zip(table["transaction_id"].to_pylist(), rows, strict=True))


def alike(one: Vectors, other: Vectors) -> bool:
    return all(np.array_equal(one[name], other[name], equal_nan=True) for name in other)


def test_the_truth_is_in_no_vector(events: list[SimulatedEvent], tmp_path: Path) -> None:
    turned = [
        SimulatedEvent(past.topic, past.event, None if past.fraud else "any_fraud")
        if isinstance(past.event, PaymentDecided)
        else past
        for past in events
    ]
    told, other = (vectors_of(each, tmp_path / name) for name, each in (("a", events), ("b", turned)))
    assert told.keys() == other.keys()
    assert alike(told, other)


def test_what_is_told_later_is_in_no_earlier_vector(events: list[SimulatedEvent], tmp_path: Path) -> None:
    cut = len(events) // 2
    all_, first = (vectors_of(each, tmp_path / name) for name, each in (("a", events), ("b", events[:cut])))
    assert 50 < len(first) < len(all_)
    assert alike(all_, first)


def test_a_chargeback_counts_from_when_it_became_known(tmp_path: Path) -> None:
    """The test above does not pass for want of later knowledge: here it changes a vector."""
    first, between, last = (a_payment(at_ms=NOW_MS + hours * HOUR_MS) for hours in (0, 1, 3))
    told = a_payment_outcome(at_ms=NOW_MS + 2 * HOUR_MS, transaction_id=first.id, outcome=Outcome.CHARGEBACK)
    past = [SimulatedEvent(DECISIONS, each) for each in (first, between, told, last)]
    vectors, column = vectors_of(past, tmp_path), FEATURE_NAMES.index("user_chargebacks")
    assert vectors[between.id][column] == 0
    assert vectors[last.id][column] == 1

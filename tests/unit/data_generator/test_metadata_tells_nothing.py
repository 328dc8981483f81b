"""A model that sees ids, order and metadata of payments alone finds no more fraud than chance.

One payment of each device is looked at, so that rows are independent: the payments of one attack share their
ids, and that a rider was met before is behaviour, not a property of an id.
"""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from msgspec import json
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

from data_generator.history import SimulatedEvent, generate_history
from domain.events import PaymentDecided, encode_event, event_time_ms

END_MS = 1_790_000_000_123
IDS = ("decision_id", "transaction_id", "ride_id", "user_id", "card_id", "device_id", "driver_id")
ENDS = (5, 6, -2, -1)  # positions in an id whose characters are looked at
SHUFFLES = 400


@pytest.fixture(scope="module")
def payments() -> Sequence[SimulatedEvent]:
    history = generate_history(7, 8_000, 30, 40_000, END_MS)
    return [simulated for simulated in history if isinstance(simulated.event, PaymentDecided)]


def _metadata(row: int, payment: PaymentDecided) -> list[float]:
    raw = encode_event(payment)
    ids = [getattr(payment, name) for name in IDS]
    return [
        *(float(ord(each[position])) for each in ids for position in ENDS),
        *(float(len(each)) for each in ids),
        *(float(sum(each.encode()) % 64) for each in ids),
        float(len({each.partition("_")[2] for each in ids})),
        float(row),
        *(float(row % modulus) for modulus in (2, 3, 10, 64)),
        float(sum(payment.producer.encode())),
        float(payment.version),
        float(len(json.decode(raw))),
        float(event_time_ms(payment) % 1_000),
    ]


def _table(payments: Sequence[SimulatedEvent]) -> tuple[np.ndarray, np.ndarray]:
    rows = sorted(_one_a_device(payments))
    x = np.array([_metadata(row, payments[row].event) for row in rows])
    return x, np.array([payments[row].fraud is not None for row in rows])


def _one_a_device(payments: Sequence[SimulatedEvent]) -> list[int]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for row, simulated in enumerate(payments):
        groups[simulated.event.device_id].append(row)
    rng = Random(1)
    return [rng.choice([r for r in rows if payments[r].fraud] or rows) for rows in groups.values()]


def _average_precision(x: np.ndarray, fraud: np.ndarray) -> tuple[float, np.ndarray]:
    """On the later 40 %, learned from the earlier 60 %; and what shuffled labels would give there."""
    cut = int(0.6 * len(fraud))
    model = HistGradientBoostingClassifier(
        max_iter=40, max_leaf_nodes=15, min_samples_leaf=5, random_state=0
    ).fit(x[:cut], fraud[:cut])
    scores, truth = model.predict_proba(x[cut:])[:, 1], fraud[cut:]
    rng = np.random.default_rng(0)
    by_chance = [average_precision_score(rng.permutation(truth), scores) for _ in range(SHUFFLES)]
    return float(average_precision_score(truth, scores)), np.array(by_chance)


def test_ids_order_and_metadata_stay_at_the_base_rate(payments: Sequence[SimulatedEvent]) -> None:
    x, fraud = _table(payments)
    found, by_chance = _average_precision(x, fraud)
    assert found <= np.quantile(by_chance, 0.995)


def test_a_tell_in_one_id_would_be_found(payments: Sequence[SimulatedEvent]) -> None:
    x, fraud = _table(payments)
    marked = fraud & (np.random.default_rng(1).random(len(fraud)) < 0.3)
    x[marked, 0] = ord("0")
    found, by_chance = _average_precision(x, fraud)
    assert found > 1.5 * np.quantile(by_chance, 0.995)


def test_a_payment_looks_the_same_from_outside_whoever_made_it(payments: Sequence[SimulatedEvent]) -> None:
    shapes = {
        (s.event.producer, s.event.version, s.event.rung, tuple(json.decode(encode_event(s.event))))
        for s in payments
    }
    assert len(shapes) == 1

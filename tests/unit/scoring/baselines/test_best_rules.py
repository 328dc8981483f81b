from dataclasses import replace

import numpy as np
from dataset_factories import a_dataset

from scoring.baselines.rules import Condition, Rule, Rulebook, best_rules
from scoring.dataset import Dataset
from scoring.metrics import average_precision

RANDOM = np.random.default_rng(4)


def rows_where(fraud: np.ndarray, vectors: np.ndarray) -> Dataset:
    labels = fraud.astype(np.int8)
    return replace(a_dataset(len(labels)), vectors=vectors.astype(np.float32), labels=labels)


def test_two_conditions_find_what_neither_finds_alone() -> None:
    vectors = RANDOM.random((4_000, a_dataset(1).vectors.shape[1]))
    rows = rows_where((vectors[:, 3] > 0.8) & (vectors[:, 8] < 0.2), vectors)
    train, test = rows.take(slice(0, 3_000)), rows.take(slice(3_000, 4_000))
    found = best_rules(train, train, rules=5)
    assert {condition.feature for condition in found.rules[0].conditions} == {3, 8}
    assert average_precision(test.labels, found.scores(test.vectors)) > 0.8


def test_what_a_rule_caught_is_not_looked_for_again() -> None:
    vectors = RANDOM.random((4_000, a_dataset(1).vectors.shape[1]))
    fraud = (vectors[:, 2] > 0.97) | (vectors[:, 5] > 0.97)
    found = best_rules(rows_where(fraud, vectors), rows_where(fraud, vectors), rules=4)
    assert {2, 5} <= {condition.feature for rule in found.rules for condition in rule.conditions}


def test_noise_gives_rules_that_are_told_apart_by_precision() -> None:
    rows = a_dataset(1_000, fraud_share=0.05)
    found = best_rules(rows, rows, rules=4)
    assert all(0 < rule.precision < 1 for rule in found.rules)
    assert 0 < found.otherwise < 1


def test_too_little_fraud_gives_no_rule() -> None:
    rows = a_dataset(300, fraud_share=0.01)
    found = best_rules(rows, rows)
    assert found.rules == ()
    assert np.unique(found.scores(rows.vectors)).size == 1


def test_a_payment_has_the_score_of_the_best_rule_it_meets() -> None:
    above = Condition(feature=0, above=True, border=5.0)
    below = Condition(feature=1, above=False, border=1.0)
    book = Rulebook(
        rules=(Rule(conditions=(above,), precision=0.2), Rule(conditions=(above, below), precision=0.8)),
        otherwise=0.01,
    )
    vectors = np.array([[0, 0], [5, 3], [6, 1], [np.nan, 0]], np.float32)
    assert np.allclose(book.scores(vectors), np.log([0.01 / 0.99, 0.25, 4.0, 0.01 / 0.99]))
    assert str(book.rules[1]) == "amount >= 5 and distance <= 1"

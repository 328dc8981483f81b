import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from scoring.metrics import average_precision, recall_at_false_decline_rate, separation


@pytest.mark.parametrize("digits", [1, 2, 8])
def test_average_precision_is_the_usual_one_with_ties_too(digits: int) -> None:
    random = np.random.default_rng(digits)
    labels = (random.random(2_000) < 0.05).astype(np.int8)
    scores = np.round(random.random(2_000) * 0.6 + labels * 0.4 * random.random(2_000), digits)
    assert average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores))


def test_recall_counts_what_a_threshold_stops() -> None:
    labels = np.array([1, 1, 0, 1, 0, 0, 0, 0], np.int8)
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])
    assert recall_at_false_decline_rate(labels, scores, 0.0) == pytest.approx(2 / 3)
    assert recall_at_false_decline_rate(labels, scores, 0.2) == 1.0


def test_recall_never_splits_equal_scores() -> None:
    labels = np.array([1, 0, 0, 0], np.int8)
    assert recall_at_false_decline_rate(labels, np.full(4, 0.5), 0.3) == 0.0


def test_a_perfect_model_is_perfect() -> None:
    labels = np.array([0, 0, 1], np.int8)
    found = separation(labels, np.array([0.1, 0.2, 0.9]))
    assert set(found.values()) == {1.0}
    assert "recall_at_0.1%_false_declines" in found

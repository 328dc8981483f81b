import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from scoring.metrics import Cards, Ranking, average_precision, recall_at_false_decline_rate, separation


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


def sample(rows: int = 500, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < 0.1).astype(np.int8)
    scores = np.round(random.random(rows) * 0.6 + labels * 0.4 * random.random(rows), 2)
    return labels, scores, random.integers(1, 4, rows)


def test_a_weight_of_three_is_three_payments() -> None:
    labels, scores, weights = sample()
    told = separation(labels, scores, weights)
    repeated = separation(np.repeat(labels, weights), np.repeat(scores, weights))
    assert told == pytest.approx(repeated)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.1, 1.0])
def test_a_threshold_stops_what_recall_counts_and_no_more(rate: float) -> None:
    labels, scores, _ = sample()
    ranking = Ranking(labels, scores)
    stopped = scores >= ranking.threshold_at(rate)
    assert stopped[labels == 0].mean() <= rate
    assert stopped[labels == 1].mean() == ranking.caught().recall_at(rate)


def test_without_any_fraud_nothing_is_known() -> None:
    caught = Ranking(np.zeros(3, np.int8), np.array([0.1, 0.2, 0.3])).caught()
    assert np.isnan(caught.average_precision())
    assert np.isnan(caught.recall_at(0.5))


def test_a_card_is_looked_at_for_its_highest_payment() -> None:
    labels = np.array([0, 1, 0, 0, 1], np.int8)
    scores = np.array([0.9, 0.1, 0.8, 0.7, 0.6])
    cards = Cards(labels, scores, np.array(["a", "a", "b", "c", "d"]))
    assert [cards.precision(looked_at=most) for most in (1, 2, 4, 100)] == [1.0, 0.5, 0.5, 0.5]


def test_cards_drawn_twice_fill_the_places_of_two() -> None:
    cards = Cards(np.array([1, 0, 0], np.int8), np.array([0.9, 0.8, 0.7]), np.array(["a", "b", "c"]))
    assert cards.precision(np.array([1.0, 0.0, 1.0]), looked_at=2) == 0.5
    assert cards.precision(np.array([2.0, 1.0, 1.0]), looked_at=2) == 1.0

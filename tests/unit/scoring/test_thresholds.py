from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.cost import Costs
from domain.decision import Verdict
from domain.thresholds import Thresholds
from scoring.thresholds import break_even, choose, expected_cost_minor


def sample(*, seed: int, rows: int = 3_000, skill: float = 2.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < 0.03).astype(np.int8)
    probabilities = 1 / (1 + np.exp(-(random.normal(-4, 1.2, rows) + skill * 2 * labels)))
    return labels, probabilities, random.integers(300, 9_000, rows)


@pytest.mark.parametrize("skill", [0.0, 0.5, 2.0, 8.0])
@pytest.mark.parametrize("seed", range(5))
def test_they_stand_in_order(seed: int, skill: float) -> None:
    found = choose(*sample(seed=seed, skill=skill))
    assert 0 < found.review <= found.challenge <= found.decline <= 1


@pytest.mark.parametrize("skill", [0.0, 1.0, 2.0])
def test_few_honest_payments_are_stopped(skill: float) -> None:
    labels, probabilities, amounts = sample(seed=2, skill=skill)
    found = choose(labels, probabilities, amounts)
    stopped = (probabilities >= found.challenge) & (labels == 0)
    assert stopped.sum() <= 0.003 * (labels == 0).sum()


def test_nothing_cheaper_exists() -> None:
    labels, probabilities, amounts = sample(seed=4, rows=40)
    labels[:4] = 1
    chosen = choose(labels, probabilities, amounts, false_declines_max=1.0, reviews_max=1.0)
    cuts = [*probabilities.tolist(), 1.0]
    every = (
        Thresholds(review=review, challenge=challenge, decline=decline)
        for review, challenge, decline in combinations_with_replacement(sorted(cuts), 3)
    )
    cheapest = min(expected_cost_minor(probabilities, amounts, cut, Costs()) for cut in every)
    assert expected_cost_minor(probabilities, amounts, chosen, Costs()) == pytest.approx(cheapest)


@pytest.mark.parametrize("reviews_max", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_analysts_get_no_more_than_they_can_look_at(reviews_max: float, weight: float) -> None:
    labels, probabilities, amounts = sample(seed=3, skill=0.5)
    weights = np.where(np.arange(len(labels)) % 2, weight, 1.0)
    found = choose(labels, probabilities, amounts, reviews_max=reviews_max, weights=weights)
    reviewed = (probabilities >= found.review) & (probabilities < found.challenge)
    assert weights[reviewed].sum() <= reviews_max * weights.sum()
    if reviews_max:
        assert weights[reviewed].sum() > 0.9 * reviews_max * weights.sum()


def test_a_cap_on_reviews_costs_no_more_than_it_must() -> None:
    labels, probabilities, amounts = sample(seed=4, rows=40)
    labels[:4] = 1
    chosen = choose(labels, probabilities, amounts, false_declines_max=1.0, reviews_max=0.1)
    cuts = [*probabilities.tolist(), 1.0]
    every = (
        Thresholds(review=review, challenge=challenge, decline=decline)
        for review, challenge, decline in combinations_with_replacement(sorted(cuts), 3)
        if sum(review <= p < challenge for p in probabilities) <= 4
    )
    cheapest = min(expected_cost_minor(probabilities, amounts, cut, Costs()) for cut in every)
    assert expected_cost_minor(probabilities, amounts, chosen, Costs()) == pytest.approx(cheapest)


def test_a_weight_of_two_is_two_payments() -> None:
    labels, probabilities, amounts = sample(seed=8, rows=400, skill=0.5)
    twice = np.repeat(np.arange(400), np.where(np.arange(400) % 3, 1, 2))
    weights = np.where(np.arange(400) % 3, 1.0, 2.0)
    repeated = choose(labels[twice], probabilities[twice], amounts[twice])
    assert choose(labels, probabilities, amounts, weights=weights) == repeated


def test_a_model_that_separates_leaves_room_for_every_verdict() -> None:
    labels = np.array([0] * 97 + [1] * 3, np.int8)
    probabilities = np.where(labels == 1, 0.9, 0.001)
    found = choose(labels, probabilities, np.full(100, 2_000))
    assert 0.001 < found.review < found.challenge < found.decline < 0.9


def test_equal_scores_are_decided_alike() -> None:
    labels = np.array([1] * 50 + [0] * 50, np.int8)
    found = choose(labels, np.full(100, 0.5), np.full(100, 2_000), reviews_max=1.0)
    assert found.verdict(0.5) is Verdict.REVIEW
    assert found.verdict(0.500001) is not Verdict.REVIEW


def test_dear_reviews_are_not_asked_for() -> None:
    labels, probabilities, amounts = sample(seed=6)
    found = choose(labels, probabilities, amounts, costs=Costs(review_minor=100_000))
    assert not ((probabilities >= found.review) & (probabilities < found.challenge)).any()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(1, 9_999)), min_size=3, max_size=60))
def test_any_sample_gives_thresholds_in_order(rows: list[tuple[bool, int, int]]) -> None:
    labels = np.array([row[0] for row in rows], np.int8)
    probabilities = np.array([row[1] / 20 for row in rows])
    found = choose(labels, probabilities, np.array([row[2] for row in rows]))
    assert 0 <= found.review <= found.challenge <= found.decline <= 1


def test_a_few_lucky_labels_do_not_move_the_cuts_far() -> None:
    labels = np.array([0] * 990 + [1] * 10, np.int8)
    probabilities = np.where(labels == 1, 0.97, 0.001)
    found = choose(labels, probabilities, np.full(1_000, 2_000))
    assert found.review == pytest.approx(break_even(Costs(), Verdict.REVIEW, Verdict.APPROVE, 2_000))
    assert found.decline == pytest.approx(break_even(Costs(), Verdict.DECLINE, Verdict.CHALLENGE, 2_000))


def test_break_even_is_where_two_verdicts_cost_the_same() -> None:
    costs = Costs()
    p = break_even(costs, Verdict.CHALLENGE, Verdict.REVIEW, 2_000)
    challenge, review = (
        p * costs.of(v, fraud=True).of(2_000) + (1 - p) * costs.of(v, fraud=False).of(2_000)
        for v in (Verdict.CHALLENGE, Verdict.REVIEW)
    )
    assert challenge == pytest.approx(review)


def test_a_verdict_that_never_pays_is_never_given() -> None:
    assert break_even(Costs(review_catches=0.0), Verdict.REVIEW, Verdict.APPROVE, 2_000) == 1.0


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [
        (0.09, Verdict.APPROVE),
        (0.1, Verdict.REVIEW),
        (0.3, Verdict.CHALLENGE),
        (0.6, Verdict.DECLINE),
        (1.0, Verdict.DECLINE),
    ],
)
def test_a_threshold_acts_at_its_own_value(probability: float, verdict: Verdict) -> None:
    assert Thresholds(review=0.1, challenge=0.3, decline=0.6).verdict(probability) is verdict

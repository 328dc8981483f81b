import numpy as np
import pytest
from judged_rows import CUTS, answers, rows_of, seeing, some_rows

from domain.cost import Costs
from domain.decision import Verdict
from scoring.learning.contest import Contest, average_precisions
from scoring.metrics import average_precision

EVERYTHING = np.ones(1_000, np.bool_)


def test_average_precision_is_that_of_the_metrics_weights_and_equal_scores_included() -> None:
    random = np.random.default_rng(3)
    labels, scores = random.integers(0, 2, 300).astype(np.int8), random.integers(0, 9, 300) / 9
    weights = random.random((4, 300)) * 3
    expected = [average_precision(labels, scores, each) for each in weights]
    assert average_precisions(labels, scores, weights) == pytest.approx(expected)


def test_a_verdict_is_the_one_that_the_thresholds_give() -> None:
    probabilities = [0.1, 0.2, 0.49, 0.5, 0.79, 0.8, 1.0]
    found = [list(Verdict)[severity] for severity in answers(probabilities).severities]
    assert found == [CUTS.verdict(probability) for probability in probabilities]


def test_costs_are_those_of_the_domain() -> None:
    rows = rows_of([0, 1] * 4, amounts_minor=np.arange(8) * 500)
    seen = answers(np.repeat([0.1, 0.3, 0.6, 0.9], 2))
    costs = Costs()
    expected = [
        costs.of(CUTS.verdict(p), fraud=bool(label)).of(amount)
        for p, label, amount in zip(
            seen.probabilities.tolist(), rows.labels.tolist(), rows.amounts_minor.tolist(), strict=True
        )
    ]
    assert seen.costs_minor(rows, costs) == pytest.approx(expected)


def test_who_catches_more_saves_money_and_is_more_precise() -> None:
    rows = some_rows()
    contest = Contest(
        rows=rows, champion=seeing(rows.labels, 0.2), challenger=seeing(rows.labels, 0.9, seed=3)
    )
    money, precision = contest.money(EVERYTHING), contest.precision(EVERYTHING)
    assert 0 < money.low < money.value
    assert 0.3 < precision.low < precision.value < 0.9


def test_a_gain_that_one_rider_brings_may_be_chance() -> None:
    """As many frauds caught, of one rider or of forty."""
    sure = {}
    for riders in (1, 40):
        rows = some_rows()
        thieves = rows.user_ids.astype("U20")
        thieves[rows.labels == 1] = [f"usr_thief{i % riders}" for i in range(40)]
        rows = some_rows(user_ids=thieves)
        contest = Contest(rows=rows, champion=seeing(rows.labels, 0.0), challenger=seeing(rows.labels, 1.0))
        sure[riders] = contest.money(EVERYTHING).low
    assert sure[1] <= 0 < sure[40]


def test_a_payment_counts_as_often_as_it_stands_for() -> None:
    rows = rows_of([1, 0, 0, 0], weights=np.array([1, 1, 1, 17], np.float32))
    declines_last = Contest(
        rows=rows, champion=answers([0.0, 0, 0, 0]), challenger=answers([0.0, 0, 0, 0.99])
    )
    refusal = Costs().of(Verdict.DECLINE, fraud=False).of(2_000)
    assert declines_last.money(np.ones(4, np.bool_)).value == pytest.approx(-refusal * 17 / 20)

import numpy as np
import pytest
from judged_rows import answers, rows_of, seeing, some_rows

from scoring.dataset import Dataset
from scoring.learning.contest import Answers
from scoring.learning.gate import GateVerdict, Trial, judge
from scoring.learning.stress import Stress


def judged(rows: Dataset, champion: Answers, challenger: Answers, remembers: float = 0.95) -> GateVerdict:
    stress = Stress(
        rows=rows_of(np.ones(50)), champion=answers([0.95] * 50), challenger=answers([remembers] * 50)
    )
    return judge(Trial(rows=rows, champion=champion, challenger=challenger, stress=stress))


def test_a_better_model_passes_and_says_by_how_much() -> None:
    rows = some_rows()
    verdict = judged(rows, seeing(rows.labels, 0.2), seeing(rows.labels, 0.9))
    assert verdict.passed
    assert verdict.why.startswith("it beats the champion: +")
    assert verdict.set_aside is None


@pytest.mark.parametrize("share", [0.2, 0.05])
def test_a_model_that_is_not_better_is_refused(share: float) -> None:
    rows = some_rows()
    verdict = judged(rows, seeing(rows.labels, 0.2), seeing(rows.labels, share))
    assert not verdict.passed
    assert "it is not better than the champion" in verdict.why


def test_a_model_that_may_be_better_by_chance_is_refused() -> None:
    rows = some_rows()
    champion = seeing(rows.labels, 0.5)
    caught_one_more = champion.probabilities.copy()
    caught_one_more[np.flatnonzero((rows.labels == 1) & (champion.probabilities < 0.1))[0]] = 0.95
    verdict = judged(rows, champion, answers(caught_one_more))
    assert not verdict.passed
    assert "chance" in verdict.why


@pytest.mark.parametrize(("count", "frauds"), [(1_000, 9), (120, 30)])
def test_too_few_payments_judge_nobody(count: int, frauds: int) -> None:
    rows = some_rows(count, frauds)
    verdict = judged(rows, seeing(rows.labels, 0.0), seeing(rows.labels, 1.0))
    assert not verdict.passed
    assert "too few to judge by" in verdict.why


def test_a_model_that_forgot_an_old_attack_is_refused_however_good_it_is_at_the_new_one() -> None:
    rows = some_rows()
    verdict = judged(rows, seeing(rows.labels, 0.0), seeing(rows.labels, 1.0), remembers=0.01)
    assert not verdict.passed
    assert "past attacks" in verdict.why


def test_probabilities_that_do_not_hold_are_refused() -> None:
    rows = some_rows()
    good = seeing(rows.labels, 0.9)
    verdict = judged(rows, seeing(rows.labels, 0.2), answers(np.maximum(good.probabilities, 0.15)))
    assert not verdict.passed
    assert "its probabilities are off by" in verdict.why


def test_a_model_that_stops_too_many_honest_riders_is_refused() -> None:
    """Dear frauds would pay for it in money."""
    rows = some_rows(amounts_minor=np.full(1_000, 200))
    challenger = seeing(rows.labels, 1.0).probabilities.copy()
    challenger[np.flatnonzero(rows.labels == 0)[::64]] = 0.55
    verdict = judged(rows, seeing(rows.labels, 0.0), answers(challenger))
    assert not verdict.passed
    assert "it would stop 1.6% of honest payments, at most 1.0% is allowed" in verdict.why


def test_the_same_trial_has_the_same_verdict() -> None:
    rows = some_rows()
    trials = [judged(rows, seeing(rows.labels, 0.3), seeing(rows.labels, 0.6)) for _ in range(2)]
    assert trials[0] == trials[1]

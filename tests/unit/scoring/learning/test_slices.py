import numpy as np
import pytest
from judged_rows import START_MS, rows_of, some_rows

from scoring.dataset import TrainingSetRefused
from scoring.learning.slices import FRAUDS_MIN, divide

MATURED_MS = START_MS + 800_000  # of a thousand rows, one a second


def test_what_judges_is_newer_than_what_calibrates_and_that_than_what_taught() -> None:
    rows = some_rows(frauds=100)
    slices = divide(rows, MATURED_MS)
    matured = rows.between(None, MATURED_MS).frauds
    taught_ms = slices.teaching.as_of_ms[slices.teaching.as_of_ms < MATURED_MS]
    assert taught_ms[-1] < slices.calibrating.as_of_ms[0]
    assert slices.calibrating.as_of_ms[-1] < slices.judging.as_of_ms[0]
    assert slices.judging.as_of_ms[-1] < MATURED_MS
    assert slices.judging.frauds == pytest.approx(0.4 * matured, abs=1)
    assert slices.calibrating.frauds == pytest.approx(0.2 * matured, abs=1)


def test_what_has_not_matured_may_teach_and_never_judges() -> None:
    rows = some_rows(frauds=100)
    slices = divide(rows, MATURED_MS)
    assert slices.teaching.as_of_ms[-1] == rows.as_of_ms[-1]
    assert len(slices.teaching) + len(slices.calibrating) + len(slices.judging) == len(rows)


def test_of_many_frauds_most_teach() -> None:
    slices = divide(some_rows(5_000, 1_000), START_MS + 5_000_000)
    assert (slices.calibrating.frauds, slices.judging.frauds) == (75, 150)


@pytest.mark.parametrize("column", ["user_ids", "card_ids"])
def test_a_thief_who_is_judged_by_teaches_nothing(column: str) -> None:
    rows = some_rows(frauds=100)
    ids = getattr(rows, column).copy()
    ids[rows.labels == 1] = [f"thief{i // 3}" for i in range(100)]
    slices = divide(some_rows(frauds=100, **{column: ids}), MATURED_MS)
    taught, held = slices.teaching, (slices.calibrating, slices.judging)
    thieves = {name for part in held for name in getattr(part, column)[part.labels == 1].tolist()}
    assert not thieves & set(getattr(taught, column)[taught.labels == 1].tolist())
    assert taught.frauds >= 30


def test_too_few_matured_frauds_are_refused_in_a_sentence() -> None:
    labels = np.zeros(1_000)
    labels[: FRAUDS_MIN - 1] = 1
    labels[900:] = 1  # known early, and no help
    with pytest.raises(TrainingSetRefused, match="39 frauds have matured, 40 are needed"):
        divide(rows_of(labels), MATURED_MS)


def test_a_quick_attack_is_held_out_with_honest_payments_around_it() -> None:
    """Sixty frauds within a minute at the end: a share of them alone would be judged by nobody honest."""
    labels = np.zeros(1_000)
    labels[100:140] = labels[740:800] = 1
    slices = divide(rows_of(labels), MATURED_MS)
    assert int((slices.judging.labels == 0).sum()) >= 150
    assert int((slices.calibrating.labels == 0).sum()) >= 50


def test_one_class_only_is_refused() -> None:
    with pytest.raises(TrainingSetRefused, match="0 honest payments have matured beside 800 frauds"):
        divide(rows_of(np.ones(1_000)), MATURED_MS)

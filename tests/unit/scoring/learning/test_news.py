import pytest

from domain.display import HOUR_MS
from scoring.learning.news import News, may_answer_drift, offline_is_due, too_little
from scoring.learning.rounds import NewestTraining


def news(frauds_matured: int) -> News:
    return News(labels=3, frauds=50, frauds_matured=frauds_matured)


def last(frauds_matured: int = 40, since_offline: int = 0) -> NewestTraining:
    return NewestTraining(ended_ms=1_000, frauds_matured=frauds_matured, since_offline=since_offline)


def test_too_few_matured_frauds_train_nobody_drift_or_not() -> None:
    assert "39 frauds have matured (50 are known), 40 are needed" in str(too_little(news(39), None, True))
    assert too_little(news(40), None, False) is None


@pytest.mark.parametrize(("matured", "enough"), [(49, False), (50, True)])
def test_the_next_model_waits_for_a_quarter_more(matured: int, enough: bool) -> None:
    assert (too_little(news(matured), last(40), False) is None) is enough


def test_drift_waits_for_nothing_more() -> None:
    assert too_little(news(40), last(40), True) is None


def test_drift_is_answered_once_an_hour() -> None:
    assert may_answer_drift(None, 0)
    assert not may_answer_drift(last(), HOUR_MS)
    assert may_answer_drift(last(), HOUR_MS + 1_000)


def test_an_offline_model_is_due_after_drift_and_after_many_recent_ones() -> None:
    assert not offline_is_due(None, False)
    assert not offline_is_due(last(since_offline=19), False)
    assert offline_is_due(last(since_offline=20), False)
    assert offline_is_due(None, True)

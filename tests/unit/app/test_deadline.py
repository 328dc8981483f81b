import pytest

from app.deadline import Deadline

SHARED = Deadline(total_s=0.050, write_s=0.015, assess_s=0.002, secure_s=0.005)


def test_a_read_may_take_what_the_others_leave() -> None:
    assert SHARED.read_s(0.010) == pytest.approx(0.023)
    assert SHARED.read_s(0.040) < 0


def test_there_is_time_to_assess_until_the_writing_must_begin() -> None:
    assert SHARED.leaves_time_to_assess(0.0349)
    assert not SHARED.leaves_time_to_assess(0.0351)


def test_a_score_may_take_the_time_until_the_writing_must_begin() -> None:
    assert SHARED.score_s(0.010) == pytest.approx(0.025)


def test_the_ledger_leaves_time_to_secure_the_journal() -> None:
    assert SHARED.keep_s(0.010) == pytest.approx(0.035)

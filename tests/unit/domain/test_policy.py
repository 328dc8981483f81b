"""Thresholds that people set: all three or none, in order."""

from typing import Any

import pytest

from domain.decision import Verdict
from domain.policy import Policy, PolicyRefused, check


def test_thresholds_are_those_that_were_set() -> None:
    policy = Policy(version=7, review=0.1, challenge=0.2, decline=0.5, reviews_a_day=80)
    check(policy)
    assert policy.thresholds is not None
    assert [policy.thresholds.verdict(p) for p in (0.05, 0.1, 0.3, 0.5)] == list(Verdict)


def test_without_thresholds_each_model_goes_by_its_own() -> None:
    check(Policy(version=7))
    assert Policy(version=7).thresholds is None


@pytest.mark.parametrize("cuts", [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.3, 0.3, 0.9)])
def test_the_ends_and_equal_thresholds_are_allowed(cuts: tuple[float, float, float]) -> None:
    check(Policy(review=cuts[0], challenge=cuts[1], decline=cuts[2], reviews_a_day=0))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"decline": None}, "decline has no threshold: give all three, or none"),
        ({"review": None, "decline": None}, "review has no threshold"),
        ({"review": -0.1}, "review begins at -0.1: it must be a probability from 0 to 1"),
        ({"decline": 1.5}, "decline begins at 1.5"),
        ({"challenge": float("nan")}, "challenge begins at nan"),
        ({"review": 0.3}, "review begins at 0.3, challenge at 0.2, decline at 0.5: none may begin above"),
        ({"challenge": 0.6}, "none may begin above a severer one"),
        ({"reviews_a_day": -1}, "-1 reviews a day: it must be from 0 to 1,000,000"),
        ({"reviews_a_day": 2_000_000}, "2000000 reviews a day"),
    ],
)
def test_what_cannot_be_put_in_force_is_told(given: dict[str, Any], told: str) -> None:
    policy = Policy(**{"review": 0.1, "challenge": 0.2, "decline": 0.5, **given})
    with pytest.raises(PolicyRefused, match=told):
        check(policy)

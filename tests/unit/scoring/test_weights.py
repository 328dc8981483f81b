import numpy as np
import pytest

from scoring.weights import WEIGHT_MAX, effective_size, weights_of


def test_a_payment_stands_for_its_like_up_to_the_cap() -> None:
    assert weights_of(np.array([1.0, 0.5, 0.1, 0.005])).tolist() == [1.0, 2.0, 10.0, WEIGHT_MAX]


@pytest.mark.parametrize("propensity", [0.0, -0.1, 1.1, np.nan])
def test_what_cannot_be_a_propensity_is_a_fault(propensity: float) -> None:
    with pytest.raises(ValueError, match="propensity"):
        weights_of(np.array([0.5, propensity]))


def test_equal_weights_lose_nothing() -> None:
    assert effective_size(np.full(30, 4.0, np.float32)) == pytest.approx(30)


def test_one_heavy_payment_is_worth_little_more_than_one() -> None:
    assert effective_size(np.array([100.0, *[1.0] * 10])) == pytest.approx(110**2 / 10_010)


def test_nothing_says_nothing() -> None:
    assert effective_size(np.array([])) == 0.0

import numpy as np
import pytest

from domain.cost import Costs
from domain.thresholds import Thresholds
from scoring.money import MILDEST_FIRST, costs_minor, saved_share, verdicts

CUTS = Thresholds(review=0.1, challenge=0.3, decline=0.6)


def test_verdicts_are_those_of_the_thresholds() -> None:
    probabilities = np.array([0.0, 0.0999, 0.1, 0.3, 0.59, 0.6, 1.0])
    given = [MILDEST_FIRST[place] for place in verdicts(probabilities, CUTS)]
    assert given == [CUTS.verdict(p) for p in probabilities]


def test_equal_cuts_leave_no_room_between() -> None:
    cuts = Thresholds(review=0.5, challenge=0.5, decline=0.5)
    assert MILDEST_FIRST[verdicts(np.array([0.5]), cuts)[0]] is cuts.verdict(0.5)


@pytest.mark.parametrize("fraud", [0, 1])
@pytest.mark.parametrize("place", range(4))
def test_costs_are_those_of_the_domain(fraud: int, place: int) -> None:
    costs = Costs()
    found = costs_minor(np.array([place]), np.array([fraud], np.int8), np.array([3_000]), costs)
    assert found[0] == pytest.approx(costs.of(MILDEST_FIRST[place], fraud=bool(fraud)).of(3_000))


def test_nothing_done_saves_nothing_and_harm_costs() -> None:
    without = np.array([5_500.0, 0.0])
    assert saved_share(without, without) == 0.0
    assert saved_share(np.array([0.0, 1_750.0]), without) == pytest.approx(1 - 1_750 / 5_500)
    assert saved_share(np.array([5_500.0, 1_750.0]), without) < 0
    assert saved_share(np.zeros(2), np.zeros(2)) == 0.0


def test_weights_count_payments() -> None:
    spent, without = np.array([0.0, 100.0]), np.array([100.0, 100.0])
    assert saved_share(spent, without, np.array([3.0, 1.0])) == pytest.approx(0.75)
